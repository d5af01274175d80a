using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Jose;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Provisioners that an administrator adds, changes and removes while the authority runs.</summary>
public sealed class ProvisionerRowsTests : IAsyncLifetime
{
    private CaHost _ca = null!;

    public async Task InitializeAsync() => _ca = await CaHost.StartAsync();

    public async Task DisposeAsync() => await _ca.DisposeAsync();

    [SkippableFact]
    public async Task JwkProvisioner_Added_ItsTokensBuyAtOnce()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);

        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);

        var reply = await SignAsync(owner, "a.test");
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        Pki.ParsedCertificate.Parse(leaf.RawDataMemory).StepProvisioner.ShouldBe(new Pki.StepProvisionerExtension(1, "builds", owner.Key.KeyId!));
        (await ProvisionersAsync()).ShouldBe(["builds", "iot-bridge"]);
    }

    [SkippableFact]
    public async Task Provisioner_Removed_ItsTokensBuyNothingAndItsCertificatesAreNotRenewed()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);
        using var certificate = await EnrollAsync(owner, "a.test");
        using var holder = _ca.Client(certificate);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);

        using (var removed = await admin.DeleteAsync("/portal/provisioners/builds"))
        {
            removed.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }

        (await SignAsync(owner, "a.test")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await ProvisionersAsync()).ShouldBe(["iot-bridge"]);
    }

    [SkippableFact]
    public async Task Provisioner_RenewalDisabled_SignsAndRenewsNothing()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition("""{"disableRenewal":true}"""))).ShouldBe(HttpStatusCode.OK);
        using var certificate = await EnrollAsync(owner, "a.test");

        using var holder = _ca.Client(certificate);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Provisioner_WithItsOwnLifetimes_GivesThemAndNoLonger()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition("""{"defaultTLSCertDuration":"48h","maxTLSCertDuration":"72h"}"""))).ShouldBe(HttpStatusCode.OK);

        using var usual = await EnrollAsync(owner, "a.test");
        using var longest = await EnrollAsync(owner, "a.test", ("notAfter", "72h"));
        var tooLong = await SignAsync(owner, "a.test", ("notAfter", "73h"));

        (usual.NotAfter - usual.NotBefore).ShouldBe(TimeSpan.FromHours(48), TimeSpan.FromMinutes(2));
        (longest.NotAfter - longest.NotBefore).ShouldBe(TimeSpan.FromHours(72), TimeSpan.FromMinutes(2));
        tooLong.Status.ShouldBe(HttpStatusCode.Forbidden);
        using var holder = _ca.Client(longest);
        var renewed = await holder.SendAsync("/1.0/renew", "");
        renewed.Status.ShouldBe(HttpStatusCode.Created, renewed.Body);
    }

    [SkippableFact]
    public async Task Provisioner_PolicyNarrowed_NeitherSignsNorRenewsOtherNames()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);
        using var certificate = await EnrollAsync(owner, "a.other.test");

        (await PutAsync(admin, owner.Definition(policy: """{"x509":{"allow":{"dns":["*.builds.test"]}}}"""))).ShouldBe(HttpStatusCode.OK);

        (await SignAsync(owner, "a.builds.test")).Status.ShouldBe(HttpStatusCode.Created);
        var refused = await SignAsync(owner, "b.other.test");
        refused.Status.ShouldBe(HttpStatusCode.Forbidden);
        refused.Body.ShouldContain("not allowed");
        using var holder = _ca.Client(certificate);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Provisioner_TokenOfAnother_IsRefused()
    {
        using var one = new Owner("one");
        using var other = new Owner("other");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, one.Definition())).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(admin, other.Definition())).ShouldBe(HttpStatusCode.OK);
        var claims = _ca.Claims("a.test");
        claims["iss"] = "other";

        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        (await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), Jwt.Sign(claims, one.Signer))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Provisioner_RevokesAndReleasesWhatItHasGivenAndNothingElse()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);
        using var others = await _ca.EnrollAsync("other.test");
        using var own = await EnrollAsync(owner, "a.test");
        using var client = _ca.Client();

        (await RevokeAsync(others)).ShouldBe(HttpStatusCode.Unauthorized);
        (await RevokeAsync(_ca.Module.ServiceCertificate.Current)).ShouldBe(HttpStatusCode.Unauthorized);
        (await client.RevokeAsync(SerialOf(others), _ca.RevokeToken(SerialOf(others)), reasonCode: 6)).Status.ShouldBe(HttpStatusCode.OK);
        (await RevokeAsync(others, reasonCode: 8)).ShouldBe(HttpStatusCode.Unauthorized, "a hold of somebody else");
        (await RevokeAsync(own)).ShouldBe(HttpStatusCode.OK);
        (await client.RevokeAsync(SerialOf(others), _ca.RevokeToken(SerialOf(others)), reasonCode: 8)).Status.ShouldBe(HttpStatusCode.OK, "the host's own may");

        async Task<HttpStatusCode> RevokeAsync(X509Certificate2 certificate, int reasonCode = 0)
        {
            var claims = _ca.Claims(SerialOf(certificate), "revoke");
            claims["iss"] = "builds";
            return (await client.RevokeAsync(SerialOf(certificate), Jwt.Sign(claims, owner.Signer), reasonCode)).Status;
        }

        static string SerialOf(X509Certificate2 certificate) => Pki.SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span);
    }

    [SkippableFact]
    public async Task Provisioner_NamesThatAreIdentities_AreNotItsToGive()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);

        (await SignAsync(owner, "acme-mqtt-bridge")).Status.ShouldBe(HttpStatusCode.Forbidden);
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var claims = _ca.Claims("device", "sign", "spiffe://acme.iot.example/device/one");
        claims["iss"] = "builds";
        (await client.SignAsync(StepCaCalls.Csr(key, "device", "spiffe://acme.iot.example/device/one"), Jwt.Sign(claims, owner.Signer))).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Provisioner_BrokenRow_IsDisabledWithItsReasonAndTheOthersServe()
    {
        await _ca.Database.ExecuteAsync("INSERT INTO ca.provisioners (name, type, definition, created_at) VALUES ('wire', 'SCEP', '{\"type\":\"SCEP\",\"name\":\"wire\"}', now())");
        using var viewer = As(Roles.Viewer);

        var broken = await PollAsync(async () => (await ListAsync(viewer)).FirstOrDefault(provisioner => provisioner.Name == "wire"));

        broken.Disabled.ShouldNotBeNull().ShouldContain("SCEP");
        (await ProvisionersAsync()).ShouldBe(["iot-bridge"]);
        using var certificate = await _ca.EnrollAsync("still.test");
    }

    [SkippableFact]
    public async Task Provisioner_AddedByAnotherProcess_ServesHereWithoutRestart()
    {
        using var owner = new Owner("elsewhere");
        var elsewhere = new ProvisionerStore(_ca.Database.DataSource, new DefinitionSecrets(new SecretCipher(new EphemeralDataProtectionProvider())), CaHost.DefaultOptions, TimeProvider.System);

        await elsewhere.SaveAsync(ProvisionerDefinition.Parse(owner.Definition().ToJsonString()), owner.Key.KeyId, new ProvisionerChange("admin"), default);

        (await PollAsync(async () => (await SignAsync(owner, "a.test")) is { Status: HttpStatusCode.Created } reply ? reply : null)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Provisioner_Changed_IsAudited()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(admin, owner.Definition("""{"maxTLSCertDuration":"1h"}"""))).ShouldBe(HttpStatusCode.OK);
        using (await admin.DeleteAsync("/portal/provisioners/builds"))
        {
        }

        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'builds'")).ShouldBe(
            "provisioner.created admin, provisioner.changed admin, provisioner.removed admin");
    }

    [SkippableTheory]
    [InlineData("""{"type":"JWK","name":"a"}""", "no key")]
    [InlineData("""{"type":"JWK","name":"a","key":{"kty":"oct","k":"c2VjcmV0"}}""", "JSON Web Key")]
    [InlineData("""{"type":"X5C","name":"a","roots":"bm8gcm9vdHM="}""", "CA certificates")]
    [InlineData("""{"type":"OIDC","name":"a","clientID":"c","configurationEndpoint":"http://login.example/.well-known/openid-configuration"}""", "https")]
    [InlineData("""{"type":"OIDC","name":"a","clientID":"c","configurationEndpoint":"https://login.example","tenantID":"t"}""", "tenantID")]
    [InlineData("""{"type":"ACME","name":"a","challenges":["tls-sni-01"]}""", "tls-sni-01")]
    [InlineData("""{"type":"ACME","name":"a","termsOfService":"javascript:alert(1)"}""", "termsOfService")]
    [InlineData("""{"type":"ACME","name":"a","caaIdentities":["not a domain"]}""", "caaIdentities")]
    [InlineData("""{"type":"ACME","name":"a","profiles":{"short":{"claims":{"maxTLSCertDuration":"soon"}}}}""", "maxTLSCertDuration")]
    [InlineData("""{"type":"ACME","name":"a","profiles":{"short":{"names":[]}}}""", "names")]
    [InlineData("""{"type":"Nebula","name":"a"}""", "not supported")]
    [InlineData("""{"type":"JWK","name":"b"}""", "address")]
    [InlineData("""[]""", "object")]
    [InlineData("""{"type":"OIDC","name":"a","clientID":"c","configurationEndpoint":"https://login.example","options":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}}}}}""", "nests")]
    public async Task Provisioner_ThatCouldNotServe_IsRefused(string definition, string why)
    {
        using var admin = As(Roles.Admin);

        using var response = await admin.PutAsync("/portal/provisioners/a", new StringContent(definition, Encoding.UTF8, "application/json"));

        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await TestApp.ProblemOf(response)).Detail.ShouldNotBeNull().ShouldContain(why);
        (await ProvisionersAsync()).ShouldBe(["iot-bridge"]);
    }

    [SkippableFact]
    public async Task AcmeProvisioner_AddedAndRemoved_ItsServerIsThereAtOnceAndGone()
    {
        using var admin = As(Roles.Admin);
        using var anyone = _ca.Client();
        (await anyone.GetAsync("/acme/web/directory")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        (await PutAsync(admin, new JsonObject { ["type"] = "ACME", ["name"] = "web" })).ShouldBe(HttpStatusCode.OK);

        (await anyone.GetAsync("/acme/web/directory")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ProvisionersAsync()).ShouldBe(["iot-bridge", "web"]);
        using var removed = await admin.DeleteAsync("/portal/provisioners/web");
        (await anyone.GetAsync("/acme/web/directory")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task AcmeProvisioner_AddedByAnotherProcess_ServesHereWithoutRestart()
    {
        using var anyone = _ca.Client();
        var elsewhere = new ProvisionerStore(_ca.Database.DataSource, new DefinitionSecrets(new SecretCipher(new EphemeralDataProtectionProvider())), CaHost.DefaultOptions, TimeProvider.System);

        await elsewhere.SaveAsync(ProvisionerDefinition.Parse("""{"type":"ACME","name":"web"}"""), keyId: null, new ProvisionerChange("admin"), default);

        (await PollAsync(async () => await anyone.GetAsync("/acme/web/directory") is { StatusCode: HttpStatusCode.OK } reply ? reply : null)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task ExternalAccountKey_IsTheAdministratorsToGive_AndShownOnce()
    {
        using var admin = As(Roles.Admin);
        using var viewer = As(Roles.Viewer);
        (await PutAsync(admin, new JsonObject { ["type"] = "ACME", ["name"] = "web", ["requireEAB"] = true })).ShouldBe(HttpStatusCode.OK);
        const string Keys = "/portal/provisioners/web/external-account-keys";

        using var refused = await viewer.PostAsJsonAsync(Keys, new AddExternalAccountKeyRequest(), ContractsJson.Default.AddExternalAccountKeyRequest);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var created = await admin.PostAsJsonAsync(Keys, new AddExternalAccountKeyRequest { Reference = "customer-17" }, ContractsJson.Default.AddExternalAccountKeyRequest);
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        created.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var key = (await created.Content.ReadFromJsonAsync(ContractsJson.Default.ExternalAccountCredentials))!;
        using var again = await admin.PostAsJsonAsync(Keys, new AddExternalAccountKeyRequest { Reference = "customer-17" }, ContractsJson.Default.AddExternalAccountKeyRequest);
        again.StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var listed = await viewer.GetStringAsync(Keys);
        listed.ShouldContain("customer-17");
        listed.ShouldNotContain(key.HmacKey);
        _ca.Logs.Text.ShouldNotContain(key.HmacKey);
        (await viewer.DeleteAsync($"{Keys}/{key.Id}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await admin.DeleteAsync($"{Keys}/{key.Id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await admin.DeleteAsync($"{Keys}/{key.Id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await admin.GetAsync("/portal/provisioners/iot-bridge/external-account-keys")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'web'")).ShouldBe(
            "provisioner.created admin, acme.external_account_key.created admin, acme.external_account_key.removed admin");
    }

    [SkippableFact]
    public async Task PrivateKey_InADefinition_IsRefused()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        var definition = owner.Definition();
        definition["key"] = JsonNode.Parse(owner.Key.ToJson(includePrivate: true));

        (await PutAsync(admin, definition)).ShouldBe(HttpStatusCode.UnprocessableEntity);
        _ca.Logs.Text.ShouldNotContain(owner.Key.D);
    }

    /// <summary>Two administrators who read the same one: the second is told, with what differs.</summary>
    [SkippableFact]
    public async Task Provisioner_ChangedMeanwhile_IsNotOverwritten()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        using var first = await SaveAsync(admin, owner.Definition(), "If-None-Match", "*");
        first.StatusCode.ShouldBe(HttpStatusCode.OK);
        var tag = first.Headers.ETag!.ToString();
        (await ListAsync(admin)).Single(one => one.Name == "builds").Version.ShouldBe(long.Parse(tag.Trim('"'), System.Globalization.CultureInfo.InvariantCulture));

        using var second = await SaveAsync(admin, owner.Definition("""{"disableRenewal":true}"""), "If-Match", tag);
        using var stale = await SaveAsync(admin, owner.Definition(policy: """{"x509":{"deny":{"dns":["a.test"]}}}"""), "If-Match", tag);
        using var taken = await SaveAsync(admin, owner.Definition(), "If-None-Match", "*");
        using var unreadable = await SaveAsync(admin, owner.Definition(), "If-Match", "W/\"1\"");

        second.StatusCode.ShouldBe(HttpStatusCode.OK);
        stale.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await TestApp.ProblemOf(stale)).Detail.ShouldNotBeNull().ShouldContain("in: policy, claims.");
        taken.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        unreadable.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var unseen = new HttpRequestMessage(HttpMethod.Delete, "/portal/provisioners/builds");
        unseen.Headers.TryAddWithoutValidation("If-Match", tag);
        using (var kept = await admin.SendAsync(unseen))
        {
            kept.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed, "it is not the one that was read");
        }

        using (await admin.DeleteAsync("/portal/provisioners/builds"))
        {
        }

        using var gone = await SaveAsync(admin, owner.Definition(), "If-Match", second.Headers.ETag!.ToString());
        gone.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed, "a removed one does not come back");

        static async Task<HttpResponseMessage> SaveAsync(HttpClient client, JsonObject definition, string header, string value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/portal/provisioners/{definition["name"]}") { Content = new StringContent(definition.ToJsonString(), Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation(header, value);
            return await client.SendAsync(request);
        }
    }

    [SkippableFact]
    public async Task Options_AreForAdministratorsAlone()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        using var viewer = As(Roles.Viewer);
        var definition = owner.Definition();
        definition["options"] = JsonNode.Parse("""{"x509":{"template":"{\"subject\":{{ toJson .Subject }}}","templateData":{"Key":"hidden"}}}""");
        (await PutAsync(admin, definition)).ShouldBe(HttpStatusCode.OK);

        (await admin.GetStringAsync("/portal/provisioners")).ShouldContain("hidden");
        var seen = await viewer.GetStringAsync("/portal/provisioners");
        seen.ShouldContain("builds");
        seen.ShouldNotContain("hidden");
        seen.ShouldNotContain("toJson");
    }

    [SkippableFact]
    public async Task Key_OfAnotherProvisioner_Is409()
    {
        using var owner = new Owner("builds");
        using var admin = As(Roles.Admin);
        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.OK);
        var second = owner.Definition();
        second["name"] = "second";

        (await PutAsync(admin, second)).ShouldBe(HttpStatusCode.Conflict);
    }

    [SkippableFact]
    public async Task OwnProvisionerOfTheHost_KeepsItsKeyAndStays()
    {
        using var owner = new Owner("iot-bridge");
        using var admin = As(Roles.Admin);

        (await PutAsync(admin, owner.Definition())).ShouldBe(HttpStatusCode.Conflict);
        using var removed = await admin.DeleteAsync("/portal/provisioners/iot-bridge");
        removed.StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var own = JsonObject.Create((await ListAsync(admin)).Single().Definition!.Value)!;
        own["claims"] = new JsonObject { ["maxTLSCertDuration"] = "72h" };
        (await PutAsync(admin, own)).ShouldBe(HttpStatusCode.OK);
        using var certificate = await _ca.EnrollAsync("long.test", ("notAfter", "72h"));
    }

    [SkippableTheory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task Change_ByOthersThanAdministrators_IsRefused(string role)
    {
        using var owner = new Owner("builds");
        using var client = As(role);

        (await PutAsync(client, owner.Definition())).ShouldBe(HttpStatusCode.Forbidden);
        using var removed = await client.DeleteAsync("/portal/provisioners/iot-bridge");
        removed.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private async Task<IReadOnlyList<ProvisionerView>> ListAsync(HttpClient client) =>
        (await client.GetFromJsonAsync("/portal/provisioners", ContractsJson.Default.ProvisionerList))!.Items;

    private static async Task<HttpStatusCode> PutAsync(HttpClient client, JsonObject definition)
    {
        using var response = await client.PutAsync($"/portal/provisioners/{definition["name"]}", new StringContent(definition.ToJsonString(), Encoding.UTF8, "application/json"));
        return response.StatusCode;
    }

    /// <summary>As step clients see them.</summary>
    private async Task<IReadOnlyList<string?>> ProvisionersAsync()
    {
        using var client = _ca.Client();
        return [.. (await client.ReadAsync("/provisioners")).Json.GetProperty("provisioners").EnumerateArray().Select(provisioner => provisioner.GetProperty("name").GetString())];
    }

    private async Task<StepCaReply> SignAsync(Owner owner, string name, params (string Name, string Value)[] more)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        return await client.SignAsync(StepCaCalls.Csr(key, name, name), owner.Token(_ca, name), more);
    }

    private async Task<X509Certificate2> EnrollAsync(Owner owner, string name, params (string Name, string Value)[] more)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        var reply = await client.SignAsync(StepCaCalls.Csr(key, name, name), owner.Token(_ca, name), more);
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        return leaf.CopyWithPrivateKey(key);
    }

    private HttpClient As(string role) => _ca.As(role == Roles.Admin ? "admin" : "other", role);

    private static async Task<T> PollAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            await Task.Delay(50, deadline.Token);
        }
    }

    /// <summary>Who makes tokens of a JWK provisioner.</summary>
    private sealed class Owner : IDisposable
    {
        private readonly string _name;

        public Owner(string name)
        {
            _name = name;
            var key = StepCaCalls.NewKey();
            Key = JsonWebKey.FromPrivateKey(key);
            Key.KeyId = Key.Thumbprint();
            Signer = new EcSignatureKey(key, Key.KeyId);
        }

        public JsonWebKey Key { get; }

        public EcSignatureKey Signer { get; }

        public JsonObject Definition(string? claims = null, string? policy = null)
        {
            var definition = new JsonObject { ["type"] = "JWK", ["name"] = _name, ["key"] = JsonNode.Parse(Key.ToPublic().ToJson()) };
            if (claims is not null)
            {
                definition["claims"] = JsonNode.Parse(claims);
            }

            if (policy is not null)
            {
                definition["policy"] = JsonNode.Parse(policy);
            }

            return definition;
        }

        public string Token(CaHost ca, string name)
        {
            var claims = ca.Claims(name);
            claims["iss"] = _name;
            return Jwt.Sign(claims, Signer);
        }

        public void Dispose() => Signer.Dispose();
    }
}
