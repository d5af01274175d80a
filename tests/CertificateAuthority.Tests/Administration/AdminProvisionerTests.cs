using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.CertificateAuthority.Tests.Issuers;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Tests.Administration;

/// <summary>Provisioners by the administration API.</summary>
public sealed class AdminProvisionerTests(AdminHost host) : IClassFixture<AdminHost>
{
    [SkippableFact]
    public async Task Provisioner_Added_ServesAtOnce_AndGoesTheSameWay()
    {
        var (provisioner, key) = AdminCalls.Jwk("builds at home");
        using var owned = key;

        var added = await host.Http.AdminAsync(host.Admin, "POST /admin/provisioners", provisioner);

        added.Status.ShouldBe(HttpStatusCode.Created, added.Body);
        using var certificate = await host.CertificateAsync("a.test", "builds at home", key);
        (certificate.NotAfter - certificate.NotBefore).ShouldBe(TimeSpan.FromHours(2), TimeSpan.FromMinutes(2));
        var shown = await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/builds%20at%20home");
        shown.Body.ShouldBe(added.Body);
        (await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/id?id=builds%20at%20home")).Body.ShouldBe(added.Body);
        (await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners?limit=100")).Json.GetProperty("provisioners").EnumerateArray().Select(one => one.GetProperty("name").GetString()).ShouldContain("builds at home");
        (await host.Http.AdminAsync(host.Admin, "DELETE /admin/provisioners/builds%20at%20home")).Body.Trim().ShouldBe("""{"status":"ok"}""");
        (await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/builds%20at%20home")).ShouldBe(HttpStatusCode.NotFound, "notFound");
        (await host.Ca.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'builds at home'")).ShouldBe(
            "provisioner.created ops:anna@example.com, provisioner.removed ops:anna@example.com");
    }

    [SkippableFact]
    public async Task Provisioner_ReadChangedAndSentBack_KeepsWhatTheApiHasNoWordsFor()
    {
        await host.Ca.Database.ExecuteAsync("INSERT INTO ca.inventories (name, changed_at) VALUES ('hosts', now())");
        const string Definition = """{"type":"ACME","name":"web","options":{"inventory":"hosts"},"profiles":{"short":{"claims":{"maxTLSCertDuration":"1h"}}},"caaIdentities":["ca.test"],"challenges":["http-01","dns-01"],"policy":{"x509":{"deny":{"dns":["no.test"]}}}}""";
        await host.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(Definition), keyId: null, new ProvisionerChange("operator"), default);
        await host.Ca.Module.Provisioners.ReloadAsync(default);
        var shown = JsonNode.Parse((await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/web")).Body)!.AsObject();
        shown["details"]!["ACME"]!["challenges"]!.ToJsonString().ShouldBe("""["HTTP_01","DNS_01"]""");
        shown["details"]!["ACME"]!["requireEab"] = true;

        var changed = await host.Http.AdminAsync(host.Admin, "PUT /admin/provisioners/web", shown);

        changed.Status.ShouldBe(HttpStatusCode.OK, changed.Body);
        var expected = JsonNode.Parse(Definition)!;
        expected["requireEAB"] = true;
        JsonNode.DeepEquals(JsonNode.Parse(host.Ca.Module.Provisioners.Stored.Single(one => one.Name == "web").Row.Definition), expected).ShouldBeTrue();
        var key = await host.Http.AdminAsync(host.Admin, "POST /admin/acme/eab/web", new JsonObject { ["reference"] = "customer" });
        key.Status.ShouldBe(HttpStatusCode.Created, key.Body);
        Convert.FromBase64String(key.Json.GetProperty("hmacKey").GetString()!).Length.ShouldBe(32);
        (await host.Http.AdminAsync(host.Admin, "GET /admin/acme/eab/web/customer")).Json.GetProperty("eaks")[0].TryGetProperty("hmacKey", out _).ShouldBeFalse();
        (await host.Http.AdminAsync(host.Admin, $"DELETE /admin/acme/eab/web/{key.Json.GetProperty("id").GetString()}")).Status.ShouldBe(HttpStatusCode.OK);
        (await host.Http.AdminAsync(host.Admin, "GET /admin/acme/eab/ops")).ShouldBe(HttpStatusCode.BadRequest, "badRequest");
    }

    /// <summary>Who signs is the operator's to say: an administrator of provisioners neither names an issuer nor takes one away.</summary>
    [SkippableFact]
    public async Task Issuer_IsNamedByNoAdministratorOfProvisioners_AndStaysWhenTheyChangeTheRest()
    {
        using var other = new OtherAuthority("Ops");
        var issuer = await host.Ca.ImportAsync(other);
        var (named, key) = AdminCalls.Jwk("named");
        using var owned = key;
        named["issuer"] = issuer;
        (await host.Http.AdminAsync(host.Super, "POST /admin/provisioners", named)).Status.ShouldBe(HttpStatusCode.BadRequest);
        named.Remove("issuer");
        named["options"] = new JsonObject { ["issuer"] = issuer };
        (await host.Http.AdminAsync(host.Super, "POST /admin/provisioners", named)).Status.ShouldBe(HttpStatusCode.BadRequest);
        var definition = $$$"""{"type":"ACME","name":"signed","options":{"issuer":"{{{issuer}}}"}}""";
        await host.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition), keyId: null, new ProvisionerChange("operator"), default);
        await host.Ca.Module.Provisioners.ReloadAsync(default);
        var shown = JsonNode.Parse((await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/signed")).Body)!.AsObject();
        shown["details"]!["ACME"]!["requireEab"] = true;

        (await host.Http.AdminAsync(host.Admin, "PUT /admin/provisioners/signed", shown)).Status.ShouldBe(HttpStatusCode.OK);

        var stored = JsonNode.Parse(host.Ca.Module.Provisioners.Stored.Single(one => one.Name == "signed").Row.Definition)!;
        ((string?)stored["options"]!["issuer"], (bool)stored["requireEAB"]!).ShouldBe((issuer, true));
    }

    /// <summary>As step-ca's documentation writes the member, and not its ca.json.</summary>
    [SkippableFact]
    public async Task AzureTenant_OfEitherSpelling_IsShownAndReplaced()
    {
        await host.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse("""{"type":"Azure","name":"azure","tenantId":"former"}"""), keyId: null, new ProvisionerChange("operator"), default);
        await host.Ca.Module.Provisioners.ReloadAsync(default);
        var shown = JsonNode.Parse((await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/azure")).Body)!.AsObject();
        ((string?)shown["details"]!["Azure"]!["tenantId"]).ShouldBe("former");
        shown["details"]!["Azure"]!["tenantId"] = "next";

        (await host.Http.AdminAsync(host.Admin, "PUT /admin/provisioners/azure", shown)).Status.ShouldBe(HttpStatusCode.OK);

        host.Ca.Module.Provisioners.Stored.Single(one => one.Name == "azure").Row.Definition.ShouldNotContain("former");
    }

    /// <summary>Two who read the same one: the second is told what it did not see.</summary>
    [SkippableFact]
    public async Task Provisioner_ChangedMeanwhile_IsNotOverwritten()
    {
        using var key = await host.AddProvisionerAsync("shared");
        var read = (await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/shared")).Body;
        var (first, second) = (JsonNode.Parse(read)!.AsObject(), JsonNode.Parse(read)!.AsObject());
        first["claims"]!["disableRenewal"] = true;

        (await host.Http.AdminAsync(host.Admin, "PUT /admin/provisioners/shared", first)).Status.ShouldBe(HttpStatusCode.OK);
        var refused = await host.Http.AdminAsync(host.Super, "PUT /admin/provisioners/shared", second);

        refused.ShouldBe(HttpStatusCode.Conflict, "conflict");
        refused.Message.ShouldEndWith("in: claims");
    }

    [SkippableFact]
    public async Task ProvisionerOfTheHost_IsNobodysToChange()
    {
        var (mine, key) = AdminCalls.Jwk("iot-bridge");
        using var owned = key;
        var shown = JsonNode.Parse((await host.Http.AdminAsync(host.Super, "GET /admin/provisioners/iot-bridge")).Body)!.AsObject();

        foreach (var (call, body) in new (string, JsonObject?)[]
        {
            ("POST /admin/provisioners", mine), ("PUT /admin/provisioners/iot-bridge", shown), ("DELETE /admin/provisioners/iot-bridge", null),
            ("POST /admin/provisioners/iot-bridge/policy", new JsonObject { ["x509"] = new JsonObject { ["allow"] = new JsonObject { ["dns"] = new JsonArray("a.test") } } }),
            ("POST /admin/provisioners/iot-bridge/webhooks", new JsonObject { ["name"] = "w", ["url"] = "https://w.test/", ["kind"] = "ENRICHING" }),
        })
        {
            var reply = await host.Http.AdminAsync(host.Super, call, body);
            reply.ShouldBe(HttpStatusCode.BadRequest, "badRequest");
        }

        using var still = await host.Ca.EnrollAsync("still.test");
    }

    [SkippableTheory]
    [InlineData("""{"name":"x"}""")]
    [InlineData("""{"type":"SCEP","name":"x","details":{"SCEP":{}}}""")]
    [InlineData("""{"type":"JWK","name":"x"}""")]
    [InlineData("""{"type":"JWK","name":"x","details":{"JWK":{"publicKey":"bm8ganNvbg=="}}}""")]
    [InlineData("""{"type":"JWK","name":"x","details":{"JWK":{"publicKey":"***"}}}""")]
    [InlineData("""{"type":"JWK","name":"x","details":{"X5C":{"roots":[]}}}""")]
    [InlineData("""{"type":"ACME","name":"x","details":{"ACME":{"surprise":true}}}""")]
    [InlineData("""{"type":"ACME","name":"x","details":{"ACME":{"challenges":["TELEPATHY_01"]}}}""")]
    [InlineData("""{"type":"ACME","name":"x/y","details":{"ACME":{}}}""")]
    [InlineData("""{"type":"ACME","name":"..","details":{"ACME":{}}}""")]
    [InlineData("""{"type":"ACME","name":"x","details":{"ACME":{}},"claims":{"x509":{"durations":{"max":"soon"}}}}""")]
    [InlineData("""{"type":"ACME","name":"x","details":{"ACME":{}},"policy":{"x509":{"allow":{"dns":["https://a"]}}}}""")]
    [InlineData("""{"type":"ACME","name":"x","details":{"ACME":{}},"policy":{"ssh":{"host":{"allow":{"dns":["a.test"]}}}}}""")]
    [InlineData("""{"type":99,"name":"x","details":{"ACME":{}}}""")]
    public async Task Provisioner_ThatCantBe_IsRefused(string body)
    {
        (await host.Http.AdminAsync(host.Super, "POST /admin/provisioners", JsonNode.Parse(body))).ShouldBe(HttpStatusCode.BadRequest, "badRequest");

        host.Ca.Module.Provisioners.Stored.ShouldNotContain(one => one.Name.StartsWith('x'));
    }

    [SkippableFact]
    public async Task Body_TooLarge_Is413()
    {
        // Its connection is closed with the rest of the body unread.
        using var client = host.Ca.Client();
        (await client.AdminAsync(host.Super, "POST /admin/provisioners", new JsonObject { ["name"] = new string('x', 70_000) })).ShouldBe(HttpStatusCode.RequestEntityTooLarge, "badRequest");
    }

    [SkippableFact]
    public async Task Method_ThatIsNotServed_Is405()
    {
        (await host.Http.AdminAsync(host.Super, "PUT /admin/admins")).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [SkippableFact]
    public async Task Webhook_SecretIsShownOnceAndStays()
    {
        using var key = await host.AddProvisionerAsync("hooked");

        var added = await host.Http.AdminAsync(host.Admin, "POST /admin/provisioners/hooked/webhooks", new JsonObject { ["name"] = "w", ["url"] = "https://w.test/", ["kind"] = "ENRICHING", ["certType"] = "X509" });

        added.Status.ShouldBe(HttpStatusCode.Created, added.Body);
        var secret = added.Json.GetProperty("secret").GetString()!;
        foreach (var path in new[] { "/admin/provisioners/hooked", "/admin/provisioners?limit=100" })
        {
            (await host.Http.AdminAsync(host.Super, "GET " + path)).Body.ShouldNotContain(secret);
        }

        var shown = JsonNode.Parse((await host.Http.AdminAsync(host.Admin, "GET /admin/provisioners/hooked")).Body)!.AsObject();
        (await host.Http.AdminAsync(host.Admin, "PUT /admin/provisioners/hooked", shown)).Status.ShouldBe(HttpStatusCode.OK);
        Stored().ShouldContain(secret);
        var moved = await host.Http.AdminAsync(host.Admin, "PUT /admin/provisioners/hooked/webhooks/w", new JsonObject { ["name"] = "w", ["url"] = "https://mallory.test/", ["kind"] = "ENRICHING" });
        moved.Json.GetProperty("secret").GetString().ShouldNotBe(secret);
        Stored().ShouldNotContain(secret);
        (await host.Http.AdminAsync(host.Admin, "DELETE /admin/provisioners/hooked/webhooks/w")).Status.ShouldBe(HttpStatusCode.OK);
        (await host.Http.AdminAsync(host.Admin, "DELETE /admin/provisioners/hooked/webhooks/w")).ShouldBe(HttpStatusCode.NotFound, "notFound");

        string Stored() => host.Ca.Module.Provisioners.Stored.Single(one => one.Name == "hooked").Row.Definition.Replace("\\u002B", "+", StringComparison.Ordinal);
    }

    /// <summary>What is read and written again means the same.</summary>
    [Theory]
    [InlineData("""{"type":"JWK","name":"a","key":{"kty":"EC","crv":"P-256","x":"a","y":"b"},"encryptedKey":"e.e.e.e.e","claims":{"minTLSCertDuration":"5m","maxTLSCertDuration":"24h","enableSSHCA":true,"minUserSSHCertDuration":"1h"}}""")]
    [InlineData("""{"type":"OIDC","name":"a","clientID":"c","clientSecret":"s","configurationEndpoint":"https://a","admins":["x"],"domains":["y"],"groups":["z"],"listenAddress":":1","tenantID":"t","scopes":["o"],"authParams":["p"]}""")]
    [InlineData("""{"type":"ACME","name":"a","forceCN":true,"requireEAB":true,"challenges":["tls-alpn-01","device-attest-01"],"attestationFormats":["tpm"],"termsOfService":"https://t","website":"https://w"}""")]
    [InlineData("""{"type":"AWS","name":"a","accounts":["1"],"disableCustomSANs":true,"disableTrustOnFirstUse":true,"instanceAge":"1h"}""")]
    [InlineData("""{"type":"GCP","name":"a","serviceAccounts":["1"],"projectIDs":["2"]}""")]
    [InlineData("""{"type":"AZURE","name":"a","tenantID":"t","resourceGroups":["r"],"audience":"u","subscriptionIDs":["s"],"objectIDs":["o"]}""")]
    [InlineData("""{"type":"X5C","name":"a","options":{"x509":{"template":"{{ . }}","templateData":{"a":1}},"webhooks":[{"id":"1","name":"w","url":"https://w","kind":"ENRICHING"}]},"policy":{"x509":{"allow":{"dns":["a"],"ip":["10.0.0.0/8"],"email":["@a"],"uri":["a"],"cn":["n"]},"deny":{"dns":["b"]},"allowWildcardNames":true}}}""")]
    public void Definition_WrittenAndRead_IsTheSame(string definition)
    {
        var name = JsonNode.Parse(definition)!["name"]!.ToString();
        var written = LinkedProvisioner.Write(new ProvisionerRow(name, JsonNode.Parse(definition)!["type"]!.ToString(), definition, DateTimeOffset.UnixEpoch.AddTicks(1_234_560), 7));

        var read = LinkedProvisioner.Read(LinkedJson.Parse(Encoding.UTF8.GetBytes(written.ToJsonString()), "provisioner"), stored: null, out var readAt);

        JsonNode.DeepEquals(JsonNode.Parse(read.ToJson()), JsonNode.Parse(definition)).ShouldBeTrue($"{definition}\n{written}\n{read.ToJson()}");
        LinkedWriting.Time(readAt!.Value).ShouldBe("1970-01-01T00:00:00.123456Z");
    }

    [Fact]
    public void Roots_OneByOneOrTogether_AreTheSame()
    {
        const string One = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        var definition = new JsonObject { ["type"] = "X5C", ["name"] = "a", ["roots"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(One + One)) };

        var written = LinkedProvisioner.Write(new ProvisionerRow("a", "X5C", definition.ToJsonString(), DateTimeOffset.UnixEpoch, 1));

        written["details"]!["X5C"]!["roots"]!.AsArray().Select(root => Encoding.UTF8.GetString(Convert.FromBase64String(root!.ToString()))).ShouldBe([One, One]);
    }
}
