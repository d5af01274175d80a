using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>One-time tokens (RFC 7519, RFC 8725) in dishonest hands: always the same 401, and a genuine token never suffers.</summary>
public sealed class TokenTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableTheory]
    [InlineData("exp")]
    [InlineData("iat")]
    [InlineData("nbf")]
    [InlineData("jti")]
    [InlineData("sub")]
    [InlineData("iss")]
    [InlineData("aud")]
    public async Task Token_MissingClaim_Is401(string claim)
    {
        var claims = _ca.Claims("a.test");
        claims.Remove(claim);

        await ShouldBeRefusedAsync(_ca.Token(claims));
    }

    [SkippableTheory]
    [InlineData("exp", -120L)]
    [InlineData("nbf", 120L)]
    [InlineData("iat", 120L)]
    public async Task Token_ExpiredOrNotYetValid_Is401(string claim, long offset)
    {
        var claims = _ca.Claims("a.test");
        claims[claim] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + offset;

        await ShouldBeRefusedAsync(_ca.Token(claims));
    }

    [SkippableTheory]
    [InlineData(3601L + 60)]
    [InlineData(10L * 365 * 86400)]
    [InlineData(9_000_000_000_000_000L)]
    public async Task Token_ValidForTooLong_Is401(long seconds)
    {
        var claims = _ca.Claims("a.test");
        claims["exp"] = claims["iat"]!.GetValue<long>() + seconds;

        await ShouldBeRefusedAsync(_ca.Token(claims));
    }

    [SkippableTheory]
    [InlineData("iss", "someone-else")]
    [InlineData("iss", "IOT-BRIDGE")]
    [InlineData("aud", "https://evil.example/1.0/sign")]
    [InlineData("aud", "http://127.0.0.1/1.0/sign")]
    [InlineData("aud", "https://127.0.0.1/1.0/revoke")]
    [InlineData("aud", "https://127.0.0.1/1.0/sign/")]
    [InlineData("aud", "https://user@127.0.0.1/1.0/sign")]
    [InlineData("aud", "https://127.0.0.1:x/1.0/sign")]
    [InlineData("aud", "step-certificate-authority")]
    [InlineData("aud", "")]
    [InlineData("sub", "")]
    [InlineData("jti", "")]
    [InlineData("exp", "soon")]
    [InlineData("sans", "a.test")]
    public async Task Token_WrongClaim_Is401(string claim, string value)
    {
        var claims = _ca.Claims("a.test");
        claims[claim] = value;

        await ShouldBeRefusedAsync(_ca.Token(claims));
    }

    [SkippableTheory]
    [InlineData("https://127.0.0.1/sign")]
    [InlineData("https://127.0.0.1:1/1.0/sign")]
    [InlineData("https://localhost/1.0/sign")]
    [InlineData("https://[::1]:9443/1.0/sign")]
    public async Task Token_AudienceOfThisHostOnAnyPort_IsAccepted(string audience)
    {
        var claims = _ca.Claims("a.test");
        claims["aud"] = audience;

        (await SignAsync(_ca.Token(claims))).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Token_AnotherKeyUnderTheProvisionersKid_Is401()
    {
        using var forger = new EcSignatureKey(StepCaCalls.NewKey(), _ca.Module.IotBridge.KeyId);

        await ShouldBeRefusedAsync(_ca.Token(_ca.Claims("a.test"), forger));
    }

    [SkippableFact]
    public async Task Token_UnknownKid_Is401()
    {
        using var stranger = new EcSignatureKey(StepCaCalls.NewKey(), "stranger");

        await ShouldBeRefusedAsync(_ca.Token(_ca.Claims("a.test"), stranger));
    }

    [SkippableFact]
    public async Task Token_AlgorithmNone_Is401()
    {
        await ShouldBeRefusedAsync($"{Encode($$"""{"alg":"none","kid":"{{_ca.Module.IotBridge.KeyId}}","typ":"JWT"}""")}.{Encode(_ca.Claims("a.test").ToJsonString())}.");
        await ShouldBeRefusedAsync($"{Encode($$"""{"alg":"none","kid":"{{_ca.Module.IotBridge.KeyId}}","typ":"JWT"}""")}.{Encode(_ca.Claims("a.test").ToJsonString())}.AAAA");
    }

    [SkippableFact]
    public async Task Token_HmacWithThePublicKey_Is401()
    {
        var input = $"{Encode($$"""{"alg":"HS256","kid":"{{_ca.Module.IotBridge.KeyId}}","typ":"JWT"}""")}.{Encode(_ca.Claims("a.test").ToJsonString())}";
        using var key = _ca.Module.IotBridge.PublicKey.ToECDsa();
        foreach (var secret in (byte[][])[key.ExportSubjectPublicKeyInfo(), Encoding.UTF8.GetBytes(_ca.Module.IotBridge.PublicKey.ToJson())])
        {
            await ShouldBeRefusedAsync($"{input}.{Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input))).TrimEnd('=').Replace('+', '-').Replace('/', '_')}");
        }
    }

    [SkippableFact]
    public async Task Token_KeyOfItsOwnInTheHeader_Is401()
    {
        using var key = StepCaCalls.NewKey();
        using var forger = new EcSignatureKey(key, _ca.Module.IotBridge.KeyId);
        var header = new Dictionary<string, object> { ["typ"] = "JWT", ["jwk"] = JsonNode.Parse(JsonWebKey.FromPublicKey(key).ToJson())! };

        await ShouldBeRefusedAsync(CompactJws.Sign(header, Encoding.UTF8.GetBytes(_ca.Claims("a.test").ToJsonString()), forger));
    }

    [SkippableTheory]
    [InlineData("x")]
    [InlineData("a.b.c")]
    [InlineData("....")]
    [InlineData(" ")]
    public async Task Token_Garbage_Is401(string token)
    {
        await ShouldBeRefusedAsync(token);
    }

    [SkippableFact]
    public async Task Token_NullMembers_AreAbsent()
    {
        var claims = _ca.Claims("a.test");
        claims["sans"] = null;
        (await SignAsync(_ca.Token(claims))).Status.ShouldBe(HttpStatusCode.Created);

        var header = new Dictionary<string, object> { ["typ"] = null!, ["x5c"] = null! };
        (await SignAsync(CompactJws.Sign(header, Encoding.UTF8.GetBytes(_ca.Claims("a.test").ToJsonString()), _ca.TokenKey))).Status.ShouldBe(HttpStatusCode.Created);

        foreach (var required in (string[])["exp", "iat", "nbf", "jti", "sub", "aud", "iss"])
        {
            claims = _ca.Claims("a.test");
            claims[required] = null;
            await ShouldBeRefusedAsync(_ca.Token(claims));
        }
    }

    [SkippableTheory]
    [InlineData(120, HttpStatusCode.Created)]
    [InlineData(128, HttpStatusCode.Created)]
    [InlineData(129, HttpStatusCode.Unauthorized)]
    public async Task Token_ManySans_AsManyAsACertificateHolds(int count, HttpStatusCode status)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        string[] sans = [.. Enumerable.Range(0, count).Select(i => $"n{i}.test")];

        (await client.SignAsync(StepCaCalls.Csr(key, "a.test"), _ca.Token("a.test", sans))).Status.ShouldBe(status);
    }

    [SkippableTheory]
    [InlineData(" ")]
    [InlineData("\n")]
    public async Task Token_LeadingWhiteSpace_Is401AndTheTokenStaysGood(string space)
    {
        var token = _ca.Token("a.test");

        await ShouldBeRefusedAsync(space + token);

        (await SignAsync(token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableTheory]
    [InlineData("xx")]
    [InlineData("=")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData(".x")]
    public async Task Token_TrailingGarbage_Is401AndTheTokenStaysGood(string garbage)
    {
        var token = _ca.Token("a.test");

        await ShouldBeRefusedAsync(token + garbage);

        (await SignAsync(token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Token_DuplicateClaim_Is401()
    {
        var json = _ca.Claims("a.test").ToJsonString();

        await ShouldBeRefusedAsync(CompactJws.Sign(new Dictionary<string, object> { ["typ"] = "JWT" }, Encoding.UTF8.GetBytes(json[..^1] + ",\"sub\":\"b.test\"}"), _ca.TokenKey));
    }

    [SkippableFact]
    public async Task Token_ForRevoking_DoesNotSign()
    {
        await ShouldBeRefusedAsync(_ca.Token(_ca.Claims("a.test", "revoke")));
    }

    [SkippableFact]
    public async Task Token_TwoHundredSans_Is401()
    {
        await ShouldBeRefusedAsync(_ca.Token("a.test", [.. Enumerable.Range(0, 200).Select(i => $"a{i}.test")]));
    }

    [SkippableFact]
    public async Task Token_Reused_Is401()
    {
        var token = _ca.Token("a.test");
        (await SignAsync(token)).Status.ShouldBe(HttpStatusCode.Created);

        await ShouldBeRefusedAsync(token);
    }

    [SkippableFact]
    public async Task Token_SameJtiInAnotherToken_Is401()
    {
        var first = _ca.Claims("a.test");
        var second = _ca.Claims("a.test");
        second["jti"] = first["jti"]!.GetValue<string>();
        second["exp"] = first["exp"]!.GetValue<long>() + 10;
        (await SignAsync(_ca.Token(first))).Status.ShouldBe(HttpStatusCode.Created);

        await ShouldBeRefusedAsync(_ca.Token(second));
    }

    [SkippableFact]
    public async Task Token_ForgedWithItsJti_StaysGood()
    {
        var genuine = _ca.Claims("a.test");
        var forged = _ca.Claims("a.test");
        forged["jti"] = genuine["jti"]!.GetValue<string>();
        using var forger = new EcSignatureKey(StepCaCalls.NewKey(), _ca.Module.IotBridge.KeyId);

        await ShouldBeRefusedAsync(_ca.Token(forged, forger));

        (await SignAsync(_ca.Token(genuine))).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Token_ThirtyTwoAtOnce_BuysExactlyOneCertificate()
    {
        var token = _ca.Token("race.test");
        using var client = _ca.Client();
        var csrs = Enumerable.Range(0, 32).Select(_ => Csr("race.test")).ToArray();

        var replies = await Task.WhenAll(csrs.Select(csr => client.SignAsync(csr, token)));

        replies.Count(r => r.Status == HttpStatusCode.Created).ShouldBe(1);
        replies.Count(r => r.Status == HttpStatusCode.Unauthorized).ShouldBe(31);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'race.test'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Tokens_GoodAndBad_AreNeverLogged()
    {
        var good = _ca.Token("quiet.test");
        var bad = _ca.Token("quiet.test")[..^4] + "AAAA";
        (await SignAsync(good, "quiet.test")).Status.ShouldBe(HttpStatusCode.Created);
        await ShouldBeRefusedAsync(good, "quiet.test");
        await ShouldBeRefusedAsync(bad, "quiet.test");

        _ca.Logs.Text.ShouldContain("refused with 401");
        foreach (var part in good.Split('.').Concat(bad.Split('.')).Where(p => p.Length > 40))
        {
            _ca.Logs.Text.ShouldNotContain(part[..40]);
        }
    }

    [SkippableFact]
    public async Task Refusal_OfAPathOrQueryWithALineFeed_IsOneLogLine()
    {
        using var client = _ca.Client();

        await client.ReadAsync("/root/x%0Aforged-by-path");
        await client.ReadAsync("/provisioners?limit=x%0Aforged-by-query");

        _ca.Logs.Text.ShouldContain("/root/x%0Aforged-by-path");
        _ca.Logs.Text.ShouldContain("x?forged-by-query");
        _ca.Logs.Text.ShouldNotContain("StepCaEdge /root/x\nforged-by-path");
        _ca.Logs.Text.ShouldNotContain("limit 'x\nforged-by-query");
    }

    private static string Encode(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static string Csr(string name)
    {
        using var key = StepCaCalls.NewKey();
        return StepCaCalls.Csr(key, name, name);
    }

    private async Task<StepCaReply> SignAsync(string token, string name = "a.test")
    {
        using var client = _ca.Client();
        return await client.SignAsync(Csr(name), token);
    }

    private async Task ShouldBeRefusedAsync(string token, string name = "a.test") => (await SignAsync(token, name)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
}
