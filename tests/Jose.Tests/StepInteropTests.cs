using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Testing;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

/// <summary>The real step CLI on the other side.</summary>
public sealed class StepInteropTests : IDisposable
{
    private const string Password = "pass word\u00e9";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("EC", "P-256")]
    [InlineData("EC", "P-384")]
    [InlineData("EC", "P-521")]
    [InlineData("RSA", null)]
    [InlineData("OKP", "Ed25519")]
    public async Task JwkCreate_EncryptedKey_DecryptsAndHasStepsThumbprint(string keyType, string? curve)
    {
        await StepAsync([.. CreateArguments(keyType, curve), "--password-file", PasswordFile()]);
        var published = JsonWebKey.Parse(Read("public.json"));
        var decrypted = JsonWebKey.Parse(Pbes2Jwe.Decrypt(Read("private.json"), Password));
        decrypted.IsPrivate.ShouldBeTrue();
        decrypted.Thumbprint().ShouldBe(published.Thumbprint());
        decrypted.ToJson().ShouldBe(Compact(Read("public.json")));
        (await StepAsync(["crypto", "jwk", "thumbprint"], Read("public.json"))).Trim().ShouldBe(published.Thumbprint());
        published.KeyId.ShouldBe(published.Thumbprint());
    }

    [SkippableTheory]
    [InlineData("EC", "P-256", "ES256")]
    [InlineData("EC", "P-384", "ES384")]
    [InlineData("EC", "P-521", "ES512")]
    [InlineData("RSA", null, "RS256")]
    [InlineData("RSA", null, "PS256")]
    public async Task JwtSign_ByStep_IsVerified(string keyType, string? curve, string algorithm)
    {
        await StepAsync([.. CreateArguments(keyType, curve), "--no-password", "--insecure", "--alg", algorithm]);
        var token = await StepAsync(["crypto", "jwt", "sign", "--key", "private.json", "--iss", "iot-bridge", "--aud", "https://ca/1.0/sign", "--sub", "dev", "--subtle", "--exp", "4000000000"], "{}"); // with a redirected standard input, step reads further claims from it
        using var key = VerificationKey.From(JsonWebKey.Parse(Read("public.json")));
        var jws = CompactJws.Parse(token.Trim());
        jws.Header.Algorithm.ShouldBe(algorithm);
        jws.Header.Type.ShouldBe("JWT");
        jws.Verify(key, AlgorithmSet.Signatures).ShouldBeTrue();
        var claims = JwtClaims.Parse(jws.Payload);
        claims.Subject.ShouldBe("dev");
        claims.JwtId!.Length.ShouldBe(64);
        claims.Expires.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(4_000_000_000));
        new JwtPolicy { Issuer = "iot-bridge", Audiences = ["https://ca/1.0/sign"], RequiredClaims = ["exp", "iat", "nbf", "jti", "sub"] }
            .Check(claims, claims.IssuedAt!.Value);
    }

    [SkippableTheory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    public async Task JwtVerify_OfOurToken_IsAcceptedByStep(string curve)
    {
        await StepAsync([.. CreateArguments("EC", curve), "--no-password", "--insecure"]);
        var jwk = JsonWebKey.Parse(Read("private.json"));
        using var signer = new EcSignatureKey(jwk.ToECDsa(), jwk.KeyId);
        var token = Jwt.Sign(new JsonObject { ["iss"] = "joe", ["aud"] = "x", ["sub"] = "s", ["exp"] = 4_000_000_000 }, signer);
        var verified = await StepAsync(["crypto", "jwt", "verify", "--key", "public.json", "--iss", "joe", "--aud", "x"], token);
        using var json = JsonDocument.Parse(verified);
        json.RootElement.GetProperty("payload").GetProperty("sub").GetString().ShouldBe("s");
        var changed = token[..^4] + (token[^4] == 'A' ? 'B' : 'A') + token[^3..];
        (await RunStepAsync(["crypto", "jwt", "verify", "--key", "public.json", "--iss", "joe", "--aud", "x"], changed)).ExitCode.ShouldNotBe(0);
    }

    [SkippableFact]
    public async Task Encrypt_OurProvisionerKey_IsUsedByStepUnderThePassword()
    {
        await StepAsync([.. CreateArguments("EC", "P-256"), "--no-password", "--insecure"]);
        var jwk = JsonWebKey.Parse(Read("private.json"));
        await File.WriteAllTextAsync(_folder.Combine("ours.jwe"), Pbes2Jwe.Encrypt(Encoding.UTF8.GetBytes(jwk.ToJson(includePrivate: true)), Password));

        var token = await StepAsync(["crypto", "jwt", "sign", "--key", "ours.jwe", "--password-file", PasswordFile(), "--iss", "joe", "--aud", "x", "--sub", "s", "--subtle", "--exp", "4000000000"], "{}");
        using var key = VerificationKey.From(jwk);
        CompactJws.Parse(token.Trim()).Verify(key, AlgorithmSet.Of("ES256")).ShouldBeTrue();

        await StepAsync(["crypto", "change-pass", "ours.jwe", "--out", "plain.json", "--password-file", PasswordFile(), "--no-password", "--insecure", "--force"]);
        Compact(Read("plain.json")).ShouldBe(jwk.ToJson(includePrivate: true));
    }

    private static string[] CreateArguments(string keyType, string? curve)
        => ["crypto", "jwk", "create", "public.json", "private.json", "--kty", keyType, .. curve is null ? (string[])["--size", "2048"] : ["--curve", curve], "--force"];

    private static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString();

    private string PasswordFile()
    {
        var path = _folder.Combine("password");
        File.WriteAllText(path, Password);
        return path;
    }

    private string Read(string name) => File.ReadAllText(_folder.Combine(name));

    private async Task<string> StepAsync(string[] arguments, string? input = null)
        => (await RunStepAsync(arguments, input)).EnsureSuccess().Output;

    private Task<ToolResult> RunStepAsync(string[] arguments, string? input)
        => Tools.RunAsync(Requires.Tool("step"), arguments, input, new Dictionary<string, string?> { ["STEPPATH"] = _folder.Path }, _folder.Path);
}
