using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Issuers;

/// <summary>Who makes tokens of a JWK provisioner whose leaves an issuer of its own signs.</summary>
internal sealed class TokenMaker : IDisposable
{
    private readonly string _name;
    private readonly JsonWebKey _key;
    private readonly EcSignatureKey _signer;

    public TokenMaker(string name)
    {
        _name = name;
        var key = StepCaCalls.NewKey();
        _key = JsonWebKey.FromPrivateKey(key);
        _key.KeyId = _key.Thumbprint();
        _signer = new EcSignatureKey(key, _key.KeyId);
    }

    public string KeyId => _key.KeyId;

    public JsonObject Definition(JsonObject? options) => new() { ["type"] = "JWK", ["name"] = _name, ["key"] = JsonNode.Parse(_key.ToPublic().ToJson()), ["options"] = options };

    public async Task<(HttpStatusCode Status, string Body)> SaveAsync(CaHost ca, JsonObject? options)
    {
        using var admin = ca.As("ada", Roles.Admin);
        using var answer = await admin.PutAsync($"/portal/provisioners/{_name}", new StringContent(Definition(options).ToJsonString(), Encoding.UTF8, "application/json"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task UseAsync(CaHost ca, string issuer)
    {
        var (status, body) = await SaveAsync(ca, new JsonObject { ["issuer"] = issuer });
        status.ShouldBe(HttpStatusCode.OK, body);
    }

    public async Task<StepCaReply> SignAsync(CaHost ca, string name)
    {
        using var key = StepCaCalls.NewKey();
        return await SignAsync(ca, name, key);
    }

    public Task<StepCaReply> SignAsync(CaHost ca, string name, ECDsa key) => SignAsync(ca, name, StepCaCalls.Csr(key, name, name));

    public async Task<StepCaReply> SignAsync(CaHost ca, string name, string request)
    {
        using var client = ca.Client();
        var claims = ca.Claims(name);
        claims["iss"] = _name;
        return await client.SignAsync(request, Jwt.Sign(claims, _signer));
    }

    public async Task<X509Certificate2> EnrollAsync(CaHost ca, string name)
    {
        using var key = StepCaCalls.NewKey();
        var reply = await SignAsync(ca, name, key);
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        return reply.Certificate.CopyWithPrivateKey(key);
    }

    public void Dispose() => _signer.Dispose();
}

internal static class IssuerCalls
{
    /// <summary>The name by which provisioners call it.</summary>
    public static async Task<string> ImportAsync(this CaHost ca, OtherAuthority other, bool issue = true)
    {
        using var admin = ca.As("ada", Roles.Admin);
        var import = other.Import("password");
        using var answer = await admin.PostAsJsonAsync(
            "/portal/imports/issuers", new ImportIssuerRequest { Chain = import.Chain, Key = import.Key, Password = import.Password, Names = [], Issue = issue }, ContractsJson.Default.ImportIssuerRequest);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportedIssuerView))!.Issuer;
    }

    public static async Task SetStateAsync(this CaHost ca, string issuer, string state)
    {
        await ca.Module.Issuers.SetStateAsync(issuer, state, "ada", default);
        await ca.Module.Provisioners.ReloadAsync(default);
    }

    public static string? DisabledReason(this CaHost ca, string provisioner) => ca.Module.Provisioners.Stored.Single(one => one.Name == provisioner).Disabled;

    public static void ShouldBeOf(this X509Certificate2 leaf, OtherAuthority authority) => Verify(leaf, authority.Issuer, authority.Root).ShouldBeNull();

    public static string? Verify(X509Certificate2 leaf, X509Certificate2 issuer, X509Certificate2 root) =>
        ChainVerifier.Verify(leaf, [issuer], [root], CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow()).Reason?.ToString();
}
