using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Webhooks;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>Templates and webhooks of ACME provisioners: what is proven stays what is certified, and what else is in the certificate is theirs to say.</summary>
public sealed class AcmeContentsTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    private const string Template = """
        {"subject":{"commonName":{{ toJson .Subject.CommonName }},"organization":"Ops","organizationalUnit":{{ toJson .Webhooks.people.unit }}},
         "sans":{{ toJson .SANs }},"keyUsage":["digitalSignature"],"extKeyUsage":["serverAuth"]}
        """;

    [SkippableFact]
    public async Task TemplateAndEnrichingWebhook_SayWhatTheCertificateContains()
    {
        using var host = await ServerCertificateAsync();
        await using var server = await WebhookServer.StartAsync(host, [.. fixture.Ca.Authority.Chain.Intermediates]);
        server.Answer = (_, context) => context.Response.WriteAsync("""{"data":{"unit":"line 7"},"allow":true}""");
        await fixture.AddAsync("contents", Options(Template, Webhook(server, "people", "ENRICHING")));
        using var client = await fixture.NewClientAsync("contents");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var leaf = await fixture.CertifiedAsync(client, key, "contents.test");

        leaf.Subject.ShouldContain("O=Ops");
        leaf.Subject.ShouldContain("OU=line 7");
        ParsedCertificate.Parse(leaf.RawDataMemory).Names.AllSans.ShouldBe(["contents.test"]);
        leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Count.ShouldBe(1);
        var call = JsonDocument.Parse(server.Calls.ShouldHaveSingleItem().Body).RootElement;
        call.GetProperty("provisionerName").GetString().ShouldBe("contents");
    }

    /// <summary>Each name of the order has to be there, and a wildcard is another name than its domain.</summary>
    [SkippableFact]
    public async Task Inventory_HasEveryNameOfTheOrder()
    {
        await fixture.Ca.Database.ExecuteAsync("INSERT INTO ca.inventories (name, changed_at) VALUES ('hosts', now())");
        await fixture.Ca.Database.ExecuteAsync("INSERT INTO ca.inventory_entries (inventory, key, data) VALUES ('hosts', 'a.hosts.test', '{}'), ('hosts', 'b.hosts.test', '{}')");
        await fixture.AddAsync("hosts", """{"options":{"inventory":"hosts"}}""");
        using var client = await fixture.NewClientAsync("hosts");

        (await PlaceAsync("a.hosts.test", "b.hosts.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await PlaceAsync("a.hosts.test", "c.hosts.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await PlaceAsync("*.a.hosts.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");

        Task<AcmeReply> PlaceAsync(params string[] names) => client.PostAsync(client.At("new-order"), new { identifiers = names.Select(AcmeClient.Identifier) });
    }

    [SkippableFact]
    public async Task AuthorizingWebhook_ThatRefuses_LeavesTheOrderToBeFinishedLater()
    {
        using var host = await ServerCertificateAsync();
        await using var server = await WebhookServer.StartAsync(host, [.. fixture.Ca.Authority.Chain.Intermediates]);
        server.Answer = (call, context) => context.Response.WriteAsync(call == 1 ? """{"allow":false,"error":{"message":"not today"}}""" : """{"allow":true}""");
        await fixture.AddAsync("asking", Options(template: null, Webhook(server, "approval", "AUTHORIZING")));
        using var client = await fixture.NewClientAsync("asking");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "asking.test");

        (await client.FinalizeAsync(order, key, null, "asking.test")).ShouldBe(HttpStatusCode.Forbidden, "unauthorized").Body.ShouldContain("not today");
        (await client.FinalizeAsync(order, key, null, "asking.test"))["status"].ShouldBe("valid");
        // A finished order is not asked about again.
        (await client.FinalizeAsync(order, key, null, "asking.test"))["status"].ShouldBe("valid");
        server.Calls.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Webhook_WithoutAnAnswerOfItsKind_LeavesTheOrderReady()
    {
        using var host = await ServerCertificateAsync();
        await using var server = await WebhookServer.StartAsync(host, [.. fixture.Ca.Authority.Chain.Intermediates]);
        server.Answer = (_, context) =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
        await fixture.AddAsync("silent", Options(template: null, Webhook(server, "approval", "AUTHORIZING")));
        using var client = await fixture.NewClientAsync("silent");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "silent.test");

        (await client.FinalizeAsync(order, key, null, "silent.test")).ShouldBe(HttpStatusCode.ServiceUnavailable, "serverInternal");
        (await client.GetAsync(order.Location!))["status"].ShouldBe("ready");
    }

    /// <summary>Whoever writes templates can say other names than those proven, but none that are identities, and none that the policy denies.</summary>
    [SkippableTheory]
    [InlineData("acme-mqtt-bridge")]
    [InlineData("denied.other.test")]
    public async Task Template_ThatAddsANameThatIsNotTheirs_IsRejected(string name)
    {
        await fixture.AddAsync("adding", Options(
            $$$"""{"subject":{},"dnsNames":["adding.test","{{{name}}}"],"keyUsage":["digitalSignature"],"extKeyUsage":["serverAuth"]}""", webhook: null, """{"x509":{"deny":{"dns":["*.other.test"]}}}"""));
        using var client = await fixture.NewClientAsync("adding");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "adding.test");

        (await client.FinalizeAsync(order, key, null, "adding.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    [SkippableTheory]
    [InlineData("{{ fail \"no\" }}")]
    [InlineData("""{"subject":{},"basicConstraints":{"isCA":true,"maxPathLen":0},"keyUsage":["certSign"]}""")]
    public async Task Template_ThatGivesNoLeaf_IsBadCsr(string template)
    {
        await fixture.AddAsync("failing", Options(template, webhook: null));
        using var client = await fixture.NewClientAsync("failing");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "failing.test");

        (await client.FinalizeAsync(order, key, null, "failing.test")).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
    }

    private Task<X509Certificate2> ServerCertificateAsync() => fixture.Ca.EnrollAsync("localhost");

    private static JsonObject Webhook(WebhookServer server, string name, string kind) => new()
    {
        ["id"] = "id-" + name,
        ["name"] = name,
        ["kind"] = kind,
        ["url"] = server.Url.AbsoluteUri,
        ["certType"] = "X509",
        ["secret"] = Convert.ToBase64String(WebhookDefinitionTests.Secret),
    };

    private static string Options(string? template, JsonObject? webhook, string? policy = null)
    {
        var options = new JsonObject();
        if (template is not null)
        {
            options["x509"] = new JsonObject { ["template"] = template };
        }

        if (webhook is not null)
        {
            options["webhooks"] = new JsonArray(webhook);
        }

        var members = new JsonObject { ["options"] = options };
        if (policy is not null)
        {
            members["policy"] = JsonNode.Parse(policy);
        }

        return members.ToJsonString();
    }
}
