using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Webhooks;
using IoTPlatform.Contracts.Certificates;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>The name policy of one account, which is that of the external account key it is bound to, and ways round it.</summary>
public sealed class AccountPolicyTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    private const string Provisioner = "policed";
    private const string AllowShop = """{"x509":{"allow":{"dns":["shop.test","*.shop.test"],"ip":["10.0.0.0/8"]}}}""";
    private const string DenySecret = """{"x509":{"deny":{"dns":["secret.test","bücher.test"],"ip":["192.0.2.0/24","2001:db8::/32"]}}}""";

    private AccountPolicies Policies => fixture.Service<AccountPolicies>();

    [SkippableFact]
    public async Task Order_OfAnotherName_IsRejected()
    {
        var (client, _) = await BoundAsync(AllowShop);
        using var owned = client;

        (await client.OrderAsync("shop.test", "www.shop.test", "10.1.2.3")).Status.ShouldBe(HttpStatusCode.Created);

        foreach (var name in new[] { "other.test", "a.b.shop.test", "11.0.0.1", "*.shop.test" })
        {
            (await client.OrderAsync("shop.test", name)).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier").Body.ShouldContain("not allowed");
        }
    }

    [SkippableFact]
    public async Task Policy_OfAnAccount_IsNoOthers()
    {
        var (client, _) = await BoundAsync(AllowShop);
        var (other, _) = await BoundAsync(policy: null);
        using var unbound = await fixture.NewClientAsync(Provisioner);

        (await client.OrderAsync("other.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await other.OrderAsync("other.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await unbound.OrderAsync("other.test")).Status.ShouldBe(HttpStatusCode.Created);
        client.Dispose();
        other.Dispose();
    }

    /// <summary>Of the authority, of the provisioner, of the account: each one's word is enough to refuse.</summary>
    [SkippableTheory]
    [InlineData("authority.test")]
    [InlineData("provisioner.test")]
    [InlineData("account.test")]
    public async Task Order_DeniedByOneOfThePolicies_IsRejected(string name)
    {
        var (client, _) = await BoundAsync("""{"x509":{"deny":{"dns":["account.test"]}}}""", "three", """{"policy":{"x509":{"deny":{"dns":["provisioner.test"]}}}}""");
        using var owned = client;
        await SetAuthorityAsync("""{"x509":{"deny":{"dns":["authority.test"]}}}""");
        try
        {
            (await client.OrderAsync("free.test")).Status.ShouldBe(HttpStatusCode.Created);
            (await client.OrderAsync("free.test", name)).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        }
        finally
        {
            await SetAuthorityAsync(policy: null);
        }
    }

    [SkippableTheory]
    [InlineData("secret.test")]
    [InlineData("SECRET.Test")]
    [InlineData("secret.test.")]
    [InlineData("ｓｅｃｒｅｔ.test")]
    [InlineData("xn--bcher-kva.test")]
    [InlineData("XN--BCHER-KVA.test")]
    [InlineData("bücher.test")]
    [InlineData("*.free.test")]
    [InlineData("192.0.2.77")]
    [InlineData("192.0.2.077")]
    [InlineData("::ffff:192.0.2.77")]
    [InlineData("2001:db8::7")]
    [InlineData("2001:DB8::7")]
    [InlineData("2001:0db8::0007")]
    public async Task Order_OfADeniedNameInAnotherForm_IsRefused(string name)
    {
        var (client, _) = await BoundAsync(DenySecret);
        using var owned = client;

        (await client.OrderAsync("free.test")).Status.ShouldBe(HttpStatusCode.Created);
        var reply = await client.OrderAsync("free.test", name);

        reply.Status.ShouldBe(HttpStatusCode.BadRequest, reply.Body);
        reply.ErrorType.ShouldBeOneOf("rejectedIdentifier", "malformed");
        // As an IP address it is no DNS name, and the other way round.
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { new { type = "dns", value = name } } })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Wildcard_WithLeave_IsOrdered()
    {
        var (client, _) = await BoundAsync("""{"x509":{"allow":{"dns":["*.shop.test"]},"allowWildcardNames":true}}""");
        using var owned = client;

        (await client.OrderAsync("*.shop.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await client.OrderAsync("*.other.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    [SkippableFact]
    public async Task Policy_SetAfterTheOrder_CountsAtFinalize()
    {
        var (client, key) = await BoundAsync(policy: null);
        using var owned = client;
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "secret.test");
        // As another process would: this one is told of nothing.
        await fixture.Ca.Database.ExecuteAsync($"UPDATE acme.external_account_keys SET policy = '{DenySecret}', policy_version = nextval('ca.versions') WHERE id = '{key.Id}'");

        (await client.FinalizeAsync(order, leafKey, null, "secret.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");

        await Policies.SaveAsync(Provisioner, key.Id, policy: null, replaces: null, "admin", default);
        (await client.FinalizeAsync(order, leafKey, null, "secret.test"))["status"].ShouldBe("valid", "the order is ready as before");
    }

    /// <summary>A webhook takes its time, in which the policy is set.</summary>
    [SkippableFact]
    public async Task Policy_SetWhileTheOrderIsFinished_Counts()
    {
        using var host = await fixture.Ca.EnrollAsync("localhost");
        await using var server = await WebhookServer.StartAsync(host, [.. fixture.Ca.Authority.Chain.Intermediates]);
        var webhook = new JsonObject
        {
            ["id"] = "approval",
            ["name"] = "approval",
            ["kind"] = "AUTHORIZING",
            ["url"] = server.Url.AbsoluteUri,
            ["certType"] = "X509",
            ["secret"] = Convert.ToBase64String(WebhookDefinitionTests.Secret),
        };
        var (client, key) = await BoundAsync(policy: null, "policed-slowly", new JsonObject { ["options"] = new JsonObject { ["webhooks"] = new JsonArray(webhook) } }.ToJsonString());
        using var owned = client;
        server.Answer = async (_, context) =>
        {
            await Policies.SaveAsync("policed-slowly", key.Id, DenySecret, replaces: null, "admin", default);
            await context.Response.WriteAsync("""{"allow":true}""");
        };
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "secret.test");

        (await client.FinalizeAsync(order, leafKey, null, "secret.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");

        server.Calls.Count.ShouldBe(1);
    }

    /// <summary>What a template puts beside the names that are proven is judged, too.</summary>
    [SkippableFact]
    public async Task Template_ThatAddsADeniedName_IsRejected()
    {
        const string Adding = """{"options":{"x509":{"template":"{\"subject\":{},\"dnsNames\":[\"free.test\",\"secret.test\"],\"keyUsage\":[\"digitalSignature\"],\"extKeyUsage\":[\"serverAuth\"]}"}}}""";
        var (client, _) = await BoundAsync(DenySecret, "policed-adding", Adding);
        using var owned = client;
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "free.test");

        (await client.FinalizeAsync(order, leafKey, null, "free.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    [SkippableFact]
    public async Task Account_WithANewKey_KeepsItsPolicy()
    {
        var (client, _) = await BoundAsync(AllowShop);
        using var owned = client;
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await client.ChangeKeyAsync(next)).Status.ShouldBe(HttpStatusCode.OK);
        client.UseKey(next);

        (await client.OrderAsync("other.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await client.OrderAsync("shop.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    /// <summary>Asking for the account again, without a binding or with one of another key, changes nothing of it.</summary>
    [SkippableFact]
    public async Task Account_AskedForAgain_StaysBound()
    {
        var (client, _) = await BoundAsync(AllowShop);
        using var owned = client;
        var free = await fixture.Service<ExternalAccountKeys>().AddAsync(Provisioner, reference: null, "admin", default);

        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, free))).Status.ShouldBe(HttpStatusCode.OK);
        (await client.RegisterAsync()).Status.ShouldBe(HttpStatusCode.OK);

        (await client.OrderAsync("other.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    /// <summary>By the certificate in TLS, which no order is placed for.</summary>
    [SkippableFact]
    public async Task Renewal_OfADeniedName_IsRefusedHoweverOftenItWasRenewed()
    {
        var (client, key) = await BoundAsync(policy: null);
        using var owned = client;
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = (await fixture.CertifiedAsync(client, leafKey, "secret.test")).CopyWithPrivateKey(leafKey);
        using var renewed = (await RenewAsync(first, HttpStatusCode.Created)).Certificate.CopyWithPrivateKey(leafKey);
        // As renewals of earlier versions are: by whatever the certificate is called.
        await fixture.Ca.Database.ExecuteAsync(
            "ALTER TABLE ca.certificates DISABLE TRIGGER append_only; UPDATE ca.certificates SET requester = 'secret.test' WHERE renews IS NOT NULL; ALTER TABLE ca.certificates ENABLE TRIGGER append_only");
        using var again = (await RenewAsync(renewed, HttpStatusCode.Created)).Certificate.CopyWithPrivateKey(leafKey);
        await Policies.SaveAsync(Provisioner, key.Id, DenySecret, replaces: 0, "admin", default);

        foreach (var certificate in new[] { first, renewed, again })
        {
            await RenewAsync(certificate, HttpStatusCode.Forbidden);
        }

        await Policies.SaveAsync(Provisioner, key.Id, """{"x509":{"allow":{"dns":["secret.test"]}}}""", replaces: null, "admin", default);
        await RenewAsync(again, HttpStatusCode.Created);
    }

    /// <summary>What an earlier version renewed is led back to the order's certificate once, however soon that is purged then.</summary>
    [SkippableFact]
    public async Task Renewal_OfALineWhoseBeginningWasPurged_IsJudged()
    {
        var (client, key) = await BoundAsync(policy: null);
        using var owned = client;
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = (await fixture.CertifiedAsync(client, leafKey, "purged.test")).CopyWithPrivateKey(leafKey);
        using var renewed = (await RenewAsync(first, HttpStatusCode.Created)).Certificate.CopyWithPrivateKey(leafKey);
        await fixture.Ca.Database.ExecuteAsync(
            $"ALTER TABLE ca.certificates DISABLE TRIGGER append_only; UPDATE ca.certificates SET requester = 'purged.test' WHERE serial = '\\x{renewed.SerialNumber}'; ALTER TABLE ca.certificates ENABLE TRIGGER append_only");
        using var again = (await RenewAsync(renewed, HttpStatusCode.Created)).Certificate.CopyWithPrivateKey(leafKey);
        await fixture.Ca.Database.ExecuteAsync(
            $"""
            ALTER TABLE ca.certificates DISABLE TRIGGER ended;
            DELETE FROM ca.endpoint_certificates WHERE serial IN ('\x{first.SerialNumber}', '\x{renewed.SerialNumber}');
            DELETE FROM ca.certificates WHERE serial IN ('\x{first.SerialNumber}', '\x{renewed.SerialNumber}');
            ALTER TABLE ca.certificates ENABLE TRIGGER ended
            """);

        await Policies.SaveAsync(Provisioner, key.Id, AllowShop, replaces: 0, "admin", default);

        await RenewAsync(again, HttpStatusCode.Forbidden);
    }

    /// <summary>Its policy went with it: whoever it held would be held by none.</summary>
    [SkippableFact]
    public async Task Renewal_AfterTheKeyWasRemoved_IsRefusedWhereOneIsRequired()
    {
        const string Required = "policed-required";
        var (client, key) = await BoundAsync(AllowShop, Required, """{"requireEAB":true}""");
        using var owned = client;
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = (await fixture.CertifiedAsync(client, leafKey, "www.shop.test")).CopyWithPrivateKey(leafKey);
        using var renewed = (await RenewAsync(first, HttpStatusCode.Created)).Certificate.CopyWithPrivateKey(leafKey);

        (await fixture.Service<ExternalAccountKeys>().RemoveAsync(Required, key.Id, "admin", default)).ShouldBeTrue();

        await RenewAsync(first, HttpStatusCode.Forbidden);
        await RenewAsync(renewed, HttpStatusCode.Forbidden);
        await fixture.AddAsync(Required);
        await RenewAsync(renewed, HttpStatusCode.Created);
    }

    /// <summary>Its accounts ended when it was one of another type, and their policies with them.</summary>
    [SkippableFact]
    public async Task Renewal_OfWhatItGaveOutBeforeItWasOfAnotherType_IsRefused()
    {
        const string Turned = "policed-turned";
        var (client, _) = await BoundAsync(AllowShop, Turned);
        using var owned = client;
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = (await fixture.CertifiedAsync(client, leafKey, "shop.test")).CopyWithPrivateKey(leafKey);

        await fixture.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse($$"""{"type":"X5C","name":"{{Turned}}"}"""), keyId: null, new ProvisionerChange("admin"), default);
        await fixture.AddAsync(Turned);

        await RenewAsync(certificate, HttpStatusCode.Unauthorized);
    }

    /// <summary>A row that a later version wrote, say.</summary>
    [SkippableFact]
    public async Task Policy_ThatCantBeRead_AllowsNothing()
    {
        var (client, key) = await BoundAsync(AllowShop);
        using var owned = client;

        await fixture.Ca.Database.ExecuteAsync($"UPDATE acme.external_account_keys SET policy = '{{\"x509\":{{\"later\":{{}}}}}}' WHERE id = '{key.Id}'");

        (await client.OrderAsync("shop.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    private async Task<StepCaReply> RenewAsync(X509Certificate2 certificate, HttpStatusCode expected)
    {
        using var holder = fixture.Ca.Client(certificate);
        var reply = await holder.SendAsync("/1.0/renew", "");
        reply.Status.ShouldBe(expected, reply.Body);
        return reply;
    }

    private async Task SetAuthorityAsync(string? policy)
    {
        await fixture.Ca.Module.AuthorityPolicies.SaveAsync(policy, replaces: null, "admin", default);
        await fixture.Ca.Module.Provisioners.ReloadAsync(default);
    }

    /// <summary>An account with that policy, which was there before the account.</summary>
    private async Task<(AcmeClient Client, ExternalAccountCredentials Key)> BoundAsync(string? policy, string provisioner = Provisioner, string members = "{}")
    {
        await fixture.AddAsync(provisioner, members);
        var key = await fixture.Service<ExternalAccountKeys>().AddAsync(provisioner, reference: null, "admin", default);
        if (policy is not null)
        {
            await Policies.SaveAsync(provisioner, key.Id, policy, replaces: 0, "admin", default);
        }

        var client = new AcmeClient(fixture.Ca, provisioner);
        (await ExternalBinding.RegisterAsync(client, ExternalBinding.Of(client, key))).Status.ShouldBe(HttpStatusCode.Created);
        return (client, key);
    }
}
