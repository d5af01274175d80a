using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.CertificateAuthority.Tests.Issuers;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>What an ACME provisioner of the database says of its own server: accounts, lifetimes, names, challenges, terms, profiles.</summary>
public sealed class AcmeProvisionerTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task Accounts_AreEachServersOwn()
    {
        await fixture.AddAsync("own-a");
        await fixture.AddAsync("own-b");
        using var client = await fixture.NewClientAsync("own-a");
        using var elsewhere = new AcmeClient(fixture.Ca, "own-b", client.Key);

        (await elsewhere.RegisterAsync(new { onlyReturnExisting = true })).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
        (await elsewhere.RegisterAsync()).Status.ShouldBe(HttpStatusCode.Created);
        var order = await client.OrderAsync("mine.test");
        (await elsewhere.GetAsync(order.Location!.Replace("own-a", "own-b", StringComparison.Ordinal))).ShouldBe(HttpStatusCode.NotFound, "malformed");
        elsewhere.Account = client.Account;
        (await elsewhere.OrderAsync("theirs.test")).ShouldBe(HttpStatusCode.BadRequest, "malformed");
    }

    [SkippableTheory]
    [InlineData("web@example.com")]
    [InlineData("Web Server + 1")]
    [InlineData("straße")]
    public async Task Name_OfAnyKind_IsPartOfTheAddresses(string name)
    {
        await fixture.AddAsync(name);
        using var client = await fixture.NewClientAsync(name);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var leaf = await fixture.CertifiedAsync(client, key, "named.test");

        ParsedCertificate.Parse(leaf.RawDataMemory).StepProvisioner!.Name.ShouldBe(name);
    }

    [SkippableFact]
    public async Task Issuer_ThatItNames_SignsItsCertificates_WithItsChain()
    {
        using var other = new OtherAuthority("Acme");
        var issuer = await fixture.Ca.ImportAsync(other);
        await fixture.AddAsync("issued", $$$"""{"options":{"issuer":"{{{issuer}}}"}}""");
        using var client = await fixture.NewClientAsync("issued");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var order = await fixture.ReadyOrderAsync(client, "issued.test");

        var finished = await client.FinalizeAsync(order, key, null, "issued.test");

        var chain = new X509Certificate2Collection();
        chain.ImportFromPem((await client.GetAsync(finished["certificate"])).Body);
        chain.Count.ShouldBe(2);
        chain[0].ShouldBeOf(other);
        chain[1].RawData.ShouldBe(other.Issuer.RawData);
        using var leaf = chain[0].CopyWithPrivateKey(key);
        using var holder = fixture.Ca.Client(leaf);
        (await holder.SendAsync("/1.0/renew", "")).Certificate.ShouldBeOf(other);

        var next = await fixture.ReadyOrderAsync(client, "closed.test");
        var body = client.Sign(next["finalize"], new { csr = AcmeClient.Csr(key, null, "closed.test") }, await client.NonceAsync());
        await fixture.Ca.SetStateAsync(issuer, "retired");
        (await client.SendAsync(next["finalize"], body)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await fixture.Ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'closed.test'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Claims_AreItsOwn()
    {
        await fixture.AddAsync("claims", """{"claims":{"defaultTLSCertDuration":"2h","maxTLSCertDuration":"3h","disableSmallstepExtensions":true}}""");
        using var client = await fixture.NewClientAsync("claims");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var leaf = await fixture.CertifiedAsync(client, key, "claims.test");

        (leaf.NotAfter - leaf.NotBefore).ShouldBe(TimeSpan.FromHours(2), TimeSpan.FromMinutes(2));
        ParsedCertificate.Parse(leaf.RawDataMemory).StepProvisioner.ShouldBeNull();
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("claims.test") }, notAfter = Rfc3339(fixture.Time.GetUtcNow().AddHours(4)) }))
            .Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Policy_HoldsForOrdersAndForWhatIsFinished()
    {
        await fixture.AddAsync("policy", """{"policy":{"x509":{"allow":{"dns":["*.plant.test","*.farm.test"]}}}}""");
        using var client = await fixture.NewClientAsync("policy");
        (await client.OrderAsync("other.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await client.OrderAsync("127.0.0.1")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        (await client.OrderAsync("*.farm.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
        var order = await fixture.ReadyOrderAsync(client, "a.farm.test");

        await fixture.AddAsync("policy", """{"policy":{"x509":{"allow":{"dns":["*.plant.test"]}}}}""");

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await client.FinalizeAsync(order, key, null, "a.farm.test")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    [SkippableFact]
    public async Task Challenges_ThatAreNotOffered_AreNotThere()
    {
        await fixture.AddAsync("dns-only", """{"challenges":["dns-01"]}""");
        using var client = await fixture.NewClientAsync("dns-only");
        var order = await client.OrderAsync("one.test");

        var offered = (await client.GetAsync(order.Authorizations.Single())).Json.GetProperty("challenges").EnumerateArray().Select(challenge => challenge.GetProperty("type").GetString());

        offered.ShouldBe(["dns-01"]);
        (await client.OrderAsync("127.0.0.1")).ShouldBe(HttpStatusCode.BadRequest, "rejectedIdentifier");
    }

    [SkippableFact]
    public async Task CommonName_Forced_IsTheFirstName()
    {
        await fixture.AddAsync("force", """{"forceCN":true}""");
        using var client = await fixture.NewClientAsync("force");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var leaf = await fixture.CertifiedAsync(client, key, "forced.test");

        ParsedCertificate.Parse(leaf.RawDataMemory).Names.CommonName.ShouldBe("forced.test");
        var order = await fixture.ReadyOrderAsync(client, "127.0.0.1");
        (await client.FinalizeAsync(order, key, null, "127.0.0.1")).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
    }

    [SkippableFact]
    public async Task TermsOfService_AreAgreedToOrThereIsNoAccount()
    {
        await fixture.AddAsync("terms", """{"termsOfService":"https://ca.test/terms","website":"https://ca.test/","caaIdentities":["ca.test"]}""");
        using var http = fixture.Ca.Client();
        using var client = new AcmeClient(fixture.Ca, "terms");

        var meta = JsonElement.Parse(await http.GetStringAsync("acme/terms/directory")).GetProperty("meta");
        meta.GetProperty("termsOfService").GetString().ShouldBe("https://ca.test/terms");
        meta.GetProperty("website").GetString().ShouldBe("https://ca.test/");
        meta.GetProperty("caaIdentities")[0].GetString().ShouldBe("ca.test");
        var refused = (await client.RegisterAsync(new { contact = Array.Empty<string>() })).ShouldBe(HttpStatusCode.Forbidden, "userActionRequired");
        refused.Links.ShouldContain("<https://ca.test/terms>;rel=\"terms-of-service\"");
        (await client.RegisterAsync(new { termsOfServiceAgreed = true })).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Profile_AskedFor_IsGivenAndShown()
    {
        await fixture.AddAsync("profiles", """{"claims":{"maxTLSCertDuration":"48h"},"profiles":{"short":{"description":"six hours","claims":{"defaultTLSCertDuration":"6h"}},"plain":{}}}""");
        using var http = fixture.Ca.Client();
        using var client = await fixture.NewClientAsync("profiles");
        JsonElement.Parse(await http.GetStringAsync("acme/profiles/directory")).GetProperty("meta").GetProperty("profiles").GetProperty("short").GetString().ShouldBe("six hours");
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("p.test") }, profile = "none" })).ShouldBe(HttpStatusCode.BadRequest, "invalidProfile");
        var order = await fixture.ReadyOrderAsync(client, new { identifiers = new[] { AcmeClient.Identifier("p.test") }, profile = "short" });
        order["profile"].ShouldBe("short");
        var stale = await fixture.ReadyOrderAsync(client, new { identifiers = new[] { AcmeClient.Identifier("q.test") }, profile = "plain" });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var finished = await client.FinalizeAsync(order, key, null, "p.test");

        finished["profile"].ShouldBe("short");
        using var leaf = X509Certificate2.CreateFromPem((await client.GetAsync(finished["certificate"])).Body);
        (leaf.NotAfter - leaf.NotBefore).ShouldBe(TimeSpan.FromHours(6), TimeSpan.FromMinutes(2));
        await fixture.AddAsync("profiles");
        (await client.FinalizeAsync(stale, key, null, "q.test")).ShouldBe(HttpStatusCode.BadRequest, "invalidProfile");
    }

    [SkippableFact]
    public async Task Provisioner_RemovedAndAddedAgain_KnowsNoAccountOfBefore()
    {
        await fixture.AddAsync("again");
        using var client = await fixture.NewClientAsync("again");
        var order = await client.OrderAsync("again.test");

        await fixture.Ca.Module.ProvisionerStore.RemoveAsync("again", new ProvisionerChange("admin"), default);
        await fixture.Ca.Module.Provisioners.ReloadAsync(default);
        (await client.SendAsync(order.Location!, "{}")).Status.ShouldBe(HttpStatusCode.NotFound);
        await fixture.AddAsync("again");

        (await client.GetAsync(order.Location!)).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
        (await client.RegisterAsync()).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Challenge_NotOfferedAnyMore_ProvesNothing()
    {
        await fixture.AddAsync("fewer");
        using var client = await fixture.NewClientAsync("fewer");
        var order = await client.OrderAsync("fewer.test");
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("http-01");

        await fixture.AddAsync("fewer", """{"challenges":["dns-01"]}""");

        (await client.PostAsync(challenge.GetProperty("url").GetString()!, new { })).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
    }

    [SkippableFact]
    public async Task Provisioner_OfAnotherTypeMeanwhile_KnowsNoAccountOfBefore()
    {
        await fixture.AddAsync("turned");
        using var client = await fixture.NewClientAsync("turned");
        var order = await client.OrderAsync("turned.test");

        await fixture.Ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse("""{"type":"X5C","name":"turned"}"""), keyId: null, new ProvisionerChange("admin"), default);
        await fixture.AddAsync("turned");

        (await client.GetAsync(order.Location!)).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
    }

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
