using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Webhooks;
using IoTPlatform.Jose;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>ID tokens (OpenID Connect Core 1.0 section 3.1.3.7) that buy certificates, and those that must not.</summary>
public sealed class OidcProvisionerTests : IAsyncLifetime
{
    private const string Client = "step-client";
    private CaHost _ca = null!;
    private OidcServer _identity = null!;

    public async Task InitializeAsync()
    {
        _identity = await OidcServer.StartAsync(TimeProvider.System);
        _ca = await CaHost.StartAsync();
        await AddAsync();
    }

    public async Task DisposeAsync()
    {
        await _ca.DisposeAsync();
        await _identity.DisposeAsync();
    }

    [SkippableFact]
    public async Task Person_GetsTheOwnNamesWhateverTheRequestSays()
    {
        var reply = await SignAsync(IdToken(), "somebody-else.test");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        Pki.ParsedCertificate.Parse(leaf.RawDataMemory).StepProvisioner.ShouldBe(new Pki.StepProvisionerExtension(2, "staff", Client));
        var names = Pki.ParsedCertificate.Parse(leaf.RawDataMemory).Names;
        names.CommonName.ShouldBe("0f9c3c1e");
        names.AllSans.ShouldBe(["ann@example.com", $"{_identity.Issuer}#0f9c3c1e"]);
        await _ca.ShouldVerifyByOpenSslAsync(leaf, "sslclient");
    }

    /// <summary>The name constraints of its Sub-CA permit URIs of its own trust domain alone.</summary>
    [SkippableFact]
    public async Task Person_AtATenant_GetsTheAddressAlone()
    {
        await using var tenant = await SubCaHost.StartAsync(_ca);
        await AddAsync(host: tenant);

        var reply = await SignAsync(IdToken(), "somebody-else.test", tenant);

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        Pki.SubjectNames.FromCertificate(reply.Certificate).AllSans.ShouldBe(["ann@example.com"]);
    }

    [SkippableFact]
    public async Task Administrator_GetsTheNamesOfTheRequest()
    {
        await AddAsync(definition => definition["admins"] = new JsonArray("ann@example.com"));

        var reply = await SignAsync(IdToken(), "api.test");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        Pki.ParsedCertificate.Parse(leaf.RawDataMemory).Names.AllSans.ShouldBe(["api.test"]);
    }

    [SkippableTheory]
    [InlineData("ann@EXAMPLE.com", true)]
    [InlineData("Ann@example.com", false)]
    [InlineData("ann@example.org", false)]
    public async Task Administrator_IsAnAddress_WhoseDomainHasNoCase(string email, bool isAdministrator)
    {
        await AddAsync(definition => definition["admins"] = new JsonArray("ann@example.com"));

        var reply = await SignAsync(IdToken(claims => claims["email"] = email), "api.test");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        Pki.ParsedCertificate.Parse(reply.Certificate.RawDataMemory).Names.Dns.ShouldBe(isAdministrator ? ["api.test"] : []);
    }

    [SkippableFact]
    public async Task Administrator_GetsNoNamesThatAreIdentities()
    {
        await AddAsync(definition => definition["admins"] = new JsonArray("ann@example.com"));

        (await SignAsync(IdToken(), "acme-mqtt-bridge")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>By the e-mail address that the identity provider has verified, else by the subject: an address of another is not one's name.</summary>
    [SkippableFact]
    public async Task Inventory_HasTheVerifiedAddress()
    {
        await _ca.Database.ExecuteAsync("INSERT INTO ca.inventories (name, changed_at) VALUES ('people', now())");
        await _ca.Database.ExecuteAsync("INSERT INTO ca.inventory_entries (inventory, key, data) VALUES ('people', 'ann@example.com', '{}')");
        await AddAsync(definition => definition["options"] = new JsonObject { ["inventory"] = "people" });

        (await SignAsync(IdToken(), "x.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync(IdToken(claims => claims["email_verified"] = false), "x.test")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await SignAsync(IdToken(claims => claims["email"] = "bob@example.com"), "x.test")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData("false")]
    [InlineData("no")]
    [InlineData(0)]
    public async Task Address_NotVerified_IsNobodys(object verified)
    {
        await AddAsync(definition => definition["admins"] = new JsonArray("ann@example.com"));

        var reply = await SignAsync(IdToken(claims => claims["email_verified"] = JsonValue.Create(verified)), "api.test");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        Pki.ParsedCertificate.Parse(leaf.RawDataMemory).Names.AllSans.ShouldBe([$"{_identity.Issuer}#0f9c3c1e"]);
    }

    [SkippableTheory]
    [InlineData("ann@example.com", true)]
    [InlineData("ann@EXAMPLE.com", true)]
    [InlineData("ann@example.com.evil.test", false)]
    [InlineData("ann@sub.example.com", false)]
    [InlineData("example.com@evil.test", false)]
    [InlineData(null, false)]
    public async Task Domain_OfTheAddress_Decides(string? email, bool isGranted)
    {
        await AddAsync(definition => definition["domains"] = new JsonArray("example.com"));

        (await SignAsync(IdToken(claims => claims["email"] = email), "a.test")).Status.ShouldBe(isGranted ? HttpStatusCode.Created : HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Group_OfThePerson_Decides()
    {
        await AddAsync(definition => definition["groups"] = new JsonArray("operators"));

        (await SignAsync(IdToken(), "a.test")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await SignAsync(IdToken(claims => claims["groups"] = new JsonArray("guests")), "a.test")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await SignAsync(IdToken(claims => claims["groups"] = new JsonArray("guests", "operators")), "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Token_UsedTwice_IsRefused()
    {
        var token = IdToken();

        (await SignAsync(token, "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync(token, "a.test")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("aud", "iot-portal")]
    [InlineData("iss", "https://evil.test/realms/cdm")]
    [InlineData("azp", "iot-portal")]
    [InlineData("exp", 1_700_000_000L)]
    [InlineData("nbf", 4_000_000_000L)]
    [InlineData("iat", 4_000_000_000L)]
    [InlineData("sub", "")]
    public async Task Token_ThatIsNotForThisProvisionerNow_IsRefused(string claim, object value) =>
        await ShouldRefuseAsync(IdToken(claims => claims[claim] = JsonValue.Create(value)));

    [SkippableFact]
    public async Task Token_ForSeveralAudiencesAndNoPartyNamed_IsRefused() =>
        await ShouldRefuseAsync(IdToken(claims => claims["aud"] = new JsonArray(Client, "other")));

    [SkippableFact]
    public async Task Token_OfAForeignKey_IsRefused()
    {
        using var foreign = OidcKey.Create("first");
        using var unknown = OidcKey.Create("unknown");

        await ShouldRefuseAsync(IdToken(key: foreign));
        await ShouldRefuseAsync(IdToken(key: unknown));
    }

    [SkippableFact]
    public async Task UnknownKeys_ManyTokens_CostTheIdentityProviderOneRequest()
    {
        (await SignAsync(IdToken(), "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        var before = _identity.JwksRequests;
        using var unknown = OidcKey.Create("unknown");

        for (var i = 0; i < 20; i++)
        {
            await ShouldRefuseAsync(IdToken(key: unknown));
        }

        (_identity.JwksRequests - before).ShouldBeLessThanOrEqualTo(1);
    }

    /// <summary>Nobody needs a good token to make the authority ask: one who does not wait for the answer must not keep the others from it.</summary>
    [SkippableFact]
    public async Task Keys_WhoeverAskedFirstGoesAway_AreThereForTheNext()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var keys = new OidcKeys(
            new HttpClient(new Answers(async uri =>
            {
                asked.TrySetResult();
                await answer.Task;
                return uri.AbsolutePath.EndsWith("/jwks", StringComparison.Ordinal)
                    ? $$"""{"keys":[{{_identity.Keys[0].PublicKey.ToJson()}}]}"""
                    : """{"issuer":"https://login.test","jwks_uri":"https://login.test/jwks"}""";
            })),
            new Uri("https://login.test/.well-known/openid-configuration"),
            issuer => issuer == "https://login.test",
            TimeProvider.System);
        using var impatient = new CancellationTokenSource();
        var first = keys.FindAsync("first", impatient.Token);
        await asked.Task;

        await impatient.CancelAsync();
        answer.SetResult();
        await Task.WhenAny(first);

        (await keys.FindAsync("first", default)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Keys_OnThisMachineOfAnIdentityProviderElsewhere_AreNotAskedFor()
    {
        List<Uri> asked = [];
        using var keys = new OidcKeys(
            new HttpClient(new Answers(uri =>
            {
                asked.Add(uri);
                return Task.FromResult("""{"issuer":"https://login.test","jwks_uri":"http://127.0.0.1:5432/jwks"}""");
            })),
            new Uri("https://login.test/.well-known/openid-configuration"),
            issuer => issuer == "https://login.test",
            TimeProvider.System);

        await Should.ThrowAsync<JoseException>(() => keys.FindAsync("first", default));

        asked.ShouldHaveSingleItem();
    }

    /// <summary>A good key set that has the token's key, and more in it than keys: a little is read, much is not taken to its end.</summary>
    [SkippableTheory]
    [InlineData(128 * 1024, true)]
    [InlineData(10 * 1024 * 1024, false)]
    public async Task Keys_WithTooMuchBesideThem_AreNotRead(int padding, bool isRead)
    {
        var taken = _identity.PadJwks(padding);

        if (isRead)
        {
            (await SignAsync(IdToken(), "a.test")).Status.ShouldBe(HttpStatusCode.Created);
            (await taken).ShouldBe(padding);
        }
        else
        {
            await ShouldRefuseAsync(IdToken());
            (await taken).ShouldBeLessThan(padding);
        }

        using var others = await _ca.EnrollAsync("still.test");
    }

    [SkippableTheory]
    [InlineData("""{"issuer":"https://evil.test","jwks_uri":"https://evil.test/jwks"}""")]
    [InlineData("""{"jwks_uri":"https://evil.test/jwks"}""")]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("""{"issuer":1}""")]
    public async Task DiscoveryDocument_Unusable_RefusesAndTheOthersServe(string document)
    {
        _identity.Discovery = context => context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(document), context.RequestAborted).AsTask();

        await ShouldRefuseAsync(IdToken());
        using var others = await _ca.EnrollAsync("still.test");
    }

    [SkippableFact]
    public async Task Issuer_ThatEndsInASlash_IsTheSame()
    {
        var document = _identity.DiscoveryJson();
        document["issuer"] = _identity.Issuer + "/";
        _identity.Discovery = context => context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(document.ToJsonString()), context.RequestAborted).AsTask();

        (await SignAsync(IdToken(claims => claims["iss"] = _identity.Issuer + "/"), "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        await ShouldRefuseAsync(IdToken(claims => claims["iss"] = _identity.Issuer + "//"));
        await ShouldRefuseAsync(IdToken(claims => claims["iss"] = _identity.Issuer + "/other"));
    }

    [SkippableFact]
    public async Task IdentityProvider_Away_RefusesAndComesBack()
    {
        await _identity.StopListeningAsync();

        await ShouldRefuseAsync(IdToken());
        using var others = await _ca.EnrollAsync("still.test");
    }

    [SkippableFact]
    public async Task IdentityProvider_UnderAnotherRoot_IsNotTrusted()
    {
        await AddAsync(definition => definition["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(_ca.Root.ExportCertificatePem())));

        await ShouldRefuseAsync(IdToken());
        _identity.DiscoveryRequests.ShouldBe(0);
    }

    /// <summary>A root that was given may be one that many servers have certificates below.</summary>
    [SkippableTheory]
    [InlineData("localhost", true)]
    [InlineData("other.test", false)]
    public async Task IdentityProvider_WithACertificateForAnotherName_IsNotTrusted(string name, bool isTrusted)
    {
        using var certificate = await _ca.EnrollAsync(name);
        await using var server = await WebhookServer.StartAsync(certificate, [.. _ca.Authority.Chain.Intermediates]);
        using var http = OidcKeys.Client([_ca.Root], TimeProvider.System);

        var call = () => http.GetAsync(server.Url);

        if (isTrusted)
        {
            (await call()).EnsureSuccessStatusCode();
        }
        else
        {
            await call.ShouldThrowAsync<HttpRequestException>();
        }

        server.Calls.Count.ShouldBe(isTrusted ? 1 : 0);
    }

    private async Task AddAsync(Action<JsonObject>? change = null, CaHost? host = null)
    {
        var module = (host ?? _ca).Module;
        var definition = new JsonObject
        {
            ["type"] = "OIDC",
            ["name"] = "staff",
            ["clientID"] = Client,
            ["configurationEndpoint"] = _identity.Issuer + "/.well-known/openid-configuration",
            ["roots"] = Convert.ToBase64String(await File.ReadAllBytesAsync(_identity.CaFile)),
        };
        change?.Invoke(definition);
        await module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), keyId: null, new ProvisionerChange("admin"), default);
        await module.Provisioners.ReloadAsync(default);
    }

    private string IdToken(Action<JsonObject>? change = null, ISignatureKey? key = null)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = _identity.Issuer,
            ["aud"] = Client,
            ["sub"] = "0f9c3c1e",
            ["iat"] = now,
            ["exp"] = now + 300,
            ["email"] = "ann@example.com",
            ["email_verified"] = true,
            ["nonce"] = Guid.NewGuid().ToString("N"),
        };
        change?.Invoke(claims);
        return Jwt.Sign(claims, key ?? _identity.Keys[0]);
    }

    private async Task<StepCaReply> SignAsync(string token, string name, CaHost? host = null)
    {
        using var client = host is null ? _ca.Client() : Https.Client(host.Url, _ca.Root);
        using var key = StepCaCalls.NewKey();
        return await client.SignAsync(StepCaCalls.Csr(key, name, name), token);
    }

    private async Task ShouldRefuseAsync(string token)
    {
        var reply = await SignAsync(token, "a.test");
        reply.Status.ShouldBe(HttpStatusCode.Unauthorized, reply.Body);
        reply.Json.GetProperty("message").GetString().ShouldBe(StepCaCalls.Unauthorized);
    }

    private sealed class Answers(Func<Uri, Task<string>> answer) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            new(HttpStatusCode.OK) { Content = new StringContent(await answer(request.RequestUri!).WaitAsync(cancellationToken)) };
    }
}
