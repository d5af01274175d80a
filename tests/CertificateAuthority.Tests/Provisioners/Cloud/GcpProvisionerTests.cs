using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Identity tokens of Google Compute Engine that buy certificates, and those that must not.</summary>
public sealed class GcpProvisionerTests(StepCaHost host) : IClassFixture<StepCaHost>, IAsyncLifetime
{
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly CaHost _ca = host.Ca;
    private OidcServer _google = null!;

    public async Task InitializeAsync()
    {
        _google = await OidcServer.StartAsync(TimeProvider.System);
        await AddAsync();
    }

    public async Task DisposeAsync() => await _google.DisposeAsync();

    [SkippableFact]
    public async Task Instance_FirstTimeOnly_GetsTheNamesOfItsRequest()
    {
        var certificate = (await _ca.SignAsync(Token("1"), "api.test", "api.test", "192.0.2.7")).Certificate();

        certificate.Names.AllSans.ShouldBe(["api.test", "192.0.2.7"]);
        certificate.StepProvisioner.ShouldBe(new StepProvisionerExtension(3, "google", "117000000000000000001"));
        await _ca.ShouldRefuseAsync(Token("1"));
        (await _ca.SignAsync(Token("2"), "api.test", "api.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task TrustOnFirstUse_Disabled_EachTokenBuysOnce()
    {
        await AddAsync(definition => definition["disableTrustOnFirstUse"] = true);
        var token = Token("1");

        (await _ca.SignAsync(token, "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        await _ca.ShouldRefuseAsync(token);
        (await _ca.SignAsync(Token("1", claims => claims["nonce"] = "2"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task CustomNames_Disabled_InstanceGetsGooglesNamesAndNoOthers()
    {
        await AddAsync(definition => definition["disableCustomSANs"] = true);
        var name = $"vm-{_id}1";
        string[] names = [$"{name}.c.project-1.internal", $"{name}.us-central1-a.c.project-1.internal"];

        (await _ca.SignAsync(Token("1"), name, "a.test")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.SignAsync(Token("1"), name, names[0], "192.0.2.7")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.SignAsync(Token("1"), "a.test", names[0])).Status.ShouldBe(HttpStatusCode.Forbidden);

        (await _ca.SignAsync(Token("1"), name, names[1])).Certificate().Names.AllSans.ShouldBe(names);
    }

    [SkippableFact]
    public async Task Token_OfAnotherProjectOrServiceAccount_IsRefused()
    {
        await AddAsync(definition => (definition["projectIDs"], definition["serviceAccounts"]) = (new JsonArray("project-1"), new JsonArray("builder@project-1.iam.gserviceaccount.com", "99")));

        await _ca.ShouldRefuseAsync(Token("1", claims => Instance(claims)["project_id"] = "project-2"));
        await _ca.ShouldRefuseAsync(Token("1", claims => claims["email"] = "other@project-1.iam.gserviceaccount.com"));
        await _ca.ShouldRefuseAsync(Token("1", claims => claims["email_verified"] = false));
        (await _ca.SignAsync(Token("1"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await _ca.SignAsync(Token("2", claims => (claims["sub"], claims["email"]) = ("99", "other@example.com")), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Instance_TooOldOrOfNoAge_IsRefused()
    {
        await AddAsync(definition => definition["instanceAge"] = "30m");

        await _ca.ShouldRefuseAsync(Token("1", claims => Instance(claims)["instance_creation_timestamp"] = 1_479_573_131));
        await _ca.ShouldRefuseAsync(Token("1", claims => Instance(claims).Remove("instance_creation_timestamp")));
        (await _ca.SignAsync(Token("1"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableTheory]
    [InlineData("aud", "https://127.0.0.1/1.0/sign")]
    [InlineData("aud", "https://127.0.0.1/1.0/sign#gcp/other")]
    [InlineData("iss", "https://accounts.evil.test")]
    [InlineData("exp", 1_700_000_000L)]
    [InlineData("iat", 4_000_000_000L)]
    [InlineData("google", "compute_engine")]
    public async Task Token_ThatIsNotForThisProvisionerNow_IsRefused(string claim, object value) =>
        await _ca.ShouldRefuseAsync(Token("1", claims => claims[claim] = JsonValue.Create(value)));

    [SkippableTheory]
    [InlineData("instance_id")]
    [InlineData("instance_name")]
    [InlineData("project_id")]
    [InlineData("zone")]
    public async Task Token_OfTheShortFormat_IsRefused(string member) => await _ca.ShouldRefuseAsync(Token("1", claims => Instance(claims).Remove(member)));

    [SkippableFact]
    public async Task Token_OfAForeignKeyOrAMac_IsRefused()
    {
        using var foreign = OidcKey.Create("first");
        var claims = CloudTokens.Gcp(_google.Issuer, "google", _id);

        await _ca.ShouldRefuseAsync(Jwt.Sign(claims, foreign));
        await _ca.ShouldRefuseAsync(CloudTokens.Mac(claims, System.Text.Encoding.UTF8.GetBytes(_google.Keys[0].PublicKey.ToJson())));
        await _ca.ShouldRefuseAsync(CloudTokens.Mac(claims, [], "none"));
    }

    /// <summary>The token's key is among them.</summary>
    [SkippableFact]
    public async Task Keys_OfTenMegabytes_AreNotRead()
    {
        const int Padding = 10 * 1024 * 1024;
        var taken = _google.PadJwks(Padding);

        await _ca.ShouldRefuseAsync(Token("1"));
        (await taken).ShouldBeLessThan(Padding);
        using var others = await _ca.EnrollAsync("still.test");
    }

    [SkippableTheory]
    [InlineData("http://accounts.example/.well-known/openid-configuration")]
    [InlineData("https://accounts.example/keys")]
    public void Endpoint_ThatIsNotProtectedOrNoDocument_IsRefused(string endpoint) => Should.Throw<ProblemException>(() => new GcpProvisioner(
        ProvisionerDefinition.Parse($$"""{"type":"GCP","name":"x","configurationEndpoint":"{{endpoint}}"}"""), CaHost.DefaultOptions, TimeProvider.System)).Message.ShouldContain("configurationEndpoint");

    private static JsonObject Instance(JsonObject claims) => claims["google"]!["compute_engine"]!.AsObject();

    private async Task AddAsync(Action<JsonObject>? change = null)
    {
        var definition = new JsonObject
        {
            ["type"] = "GCP",
            ["name"] = "google",
            ["configurationEndpoint"] = _google.Issuer + "/.well-known/openid-configuration",
            ["roots"] = Convert.ToBase64String(await File.ReadAllBytesAsync(_google.CaFile)),
        };
        change?.Invoke(definition);
        await _ca.AddAsync(definition);
    }

    private string Token(string instance, Action<JsonObject>? change = null)
    {
        var claims = CloudTokens.Gcp(_google.Issuer, "google", _id + instance);
        change?.Invoke(claims);
        return Jwt.Sign(claims, _google.Keys[0]);
    }
}
