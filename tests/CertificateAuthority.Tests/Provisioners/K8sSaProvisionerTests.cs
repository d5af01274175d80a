using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Tokens of Kubernetes' service accounts that buy certificates, and those that must not.</summary>
public sealed class K8sSaProvisionerTests(StepCaHost host) : IClassFixture<StepCaHost>, IAsyncLifetime
{
    private readonly OidcKey _cluster = OidcKey.Create("", "RS256");
    private readonly OidcKey _next = OidcKey.Create("");
    private readonly CaHost _ca = host.Ca;

    public Task InitializeAsync() => AddAsync();

    public Task DisposeAsync()
    {
        _cluster.Dispose();
        _next.Dispose();
        return Task.CompletedTask;
    }

    [SkippableFact]
    public async Task ServiceAccount_GetsTheNamesOfTheRequestAgainAndAgain()
    {
        var token = Token();

        var certificate = (await _ca.SignAsync(token, "a.test", "a.test", "192.0.2.7")).Certificate();

        certificate.Names.AllSans.ShouldBe(["a.test", "192.0.2.7"]);
        certificate.StepProvisioner.ShouldBe(new StepProvisionerExtension(8, "cluster", ""));
        (await _ca.SignAsync(token, "b.test", "b.test")).Status.ShouldBe(HttpStatusCode.Created, "the pod starts again");
        (await _ca.SignAsync(Token(key: _next), "c.test", "c.test")).Status.ShouldBe(HttpStatusCode.Created, "the cluster's next key");
    }

    [SkippableFact]
    public async Task Policy_DecidesWhichNames()
    {
        await AddAsync(definition => definition["policy"] = JsonNode.Parse("""{"x509":{"allow":{"dns":["*.pods.test"]}}}"""));

        (await _ca.SignAsync(Token(), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.SignAsync(Token(), "a.pods.test", "a.pods.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task NamesThatAreIdentities_AreNotItsToGive() => (await _ca.SignAsync(Token(), "acme-mqtt-bridge", "acme-mqtt-bridge")).Status.ShouldBe(HttpStatusCode.Forbidden);

    [SkippableTheory]
    [InlineData("iss", "kubernetes/other")]
    [InlineData("sub", "")]
    [InlineData("sub", null)]
    [InlineData("exp", 1_700_000_000L)]
    [InlineData("nbf", 4_000_000_000L)]
    public async Task Token_ThatIsNoServiceAccountsNow_IsRefused(string claim, object? value) =>
        await _ca.ShouldRefuseAsync(Token(claims => claims[claim] = value is null ? null : JsonValue.Create(value)));

    [SkippableFact]
    public async Task Token_OfAForeignKey_IsRefused()
    {
        using var foreign = OidcKey.Create("", "RS256");

        await _ca.ShouldRefuseAsync(Token(key: foreign));
    }

    /// <summary>RFC 8725 2.1: the public key is known to everybody, and must not be taken for a MAC's.</summary>
    [SkippableFact]
    public async Task Token_WithThePublicKeyAsMacKey_IsRefused()
    {
        foreach (var key in new[] { Pem(_cluster), Pem(_cluster).Trim() })
        {
            await _ca.ShouldRefuseAsync(CloudTokens.Mac(CloudTokens.Kubernetes(), Encoding.ASCII.GetBytes(key)));
        }

        await _ca.ShouldRefuseAsync(CloudTokens.Mac(CloudTokens.Kubernetes(), [], "none"));
        await _ca.ShouldRefuseAsync(Token(key: _cluster.As(algorithm: "RS256"), change: claims => claims["iss"] = "iot-bridge"));
    }

    [SkippableFact]
    public async Task Token_RevokesNothing()
    {
        using var certificate = await _ca.EnrollAsync("other.test");
        using var client = _ca.Client();

        (await client.RevokeAsync(certificate.Serial(), Token(claims => claims["sub"] = certificate.Serial()))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public void Definition_WithoutPublicKeys_IsRefused()
    {
        using var key = RSA.Create(2048);
        foreach (var keys in new[] { "", "bm8gcGVt", CloudTokens.Base64(key.ExportPkcs8PrivateKeyPem()), CloudTokens.Base64(string.Concat(Enumerable.Repeat(key.ExportSubjectPublicKeyInfoPem() + "\n", 17))) })
        {
            Should.Throw<ProblemException>(() => Provisioner(keys).Dispose());
        }

        Provisioner(CloudTokens.Base64(key.ExportRSAPublicKeyPem())).Dispose();

        static K8sSaProvisioner Provisioner(string keys) =>
            new(ProvisionerDefinition.Parse(new JsonObject { ["type"] = "K8sSA", ["name"] = "x", ["publicKeys"] = keys }.ToJsonString()), CaHost.DefaultOptions);
    }

    private Task AddAsync(Action<JsonObject>? change = null)
    {
        var definition = new JsonObject { ["type"] = "K8sSA", ["name"] = "cluster", ["publicKeys"] = CloudTokens.Base64(Pem(_cluster) + Pem(_next)) };
        change?.Invoke(definition);
        return _ca.AddAsync(definition);
    }

    private static string Pem(OidcKey key) => key.PublicKeyPem + "\n";

    private string Token(Action<JsonObject>? change = null, OidcKey? key = null)
    {
        var claims = CloudTokens.Kubernetes();
        change?.Invoke(claims);
        return Jwt.Sign(claims, key ?? _cluster);
    }
}
