using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>The way from an order to its certificate, by each kind of challenge (RFC 8555 7.4, 8).</summary>
public sealed class AcmeOrderTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task Order_ProvenByHttp_IsCertified()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("one.test", "two.test");
        order.Status.ShouldBe(HttpStatusCode.Created, order.Body);
        order["status"].ShouldBe("pending");
        foreach (var authorization in order.Authorizations)
        {
            await ProveByHttpAsync(client, authorization);
        }

        (await client.GetAsync(order.Location!))["status"].ShouldBe("ready");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var finished = await client.FinalizeAsync(order, key, "one.test", "ONE.test", "two.test");

        finished.Status.ShouldBe(HttpStatusCode.OK, finished.Body);
        finished["status"].ShouldBe("valid");
        using var leaf = await CertificateAsync(client, finished);
        fixture.Ca.Authority.Chain.Verify(leaf, CertificatePurpose.ServerAuth, fixture.Time.GetUtcNow()).ShouldBeTrue();
        await fixture.Ca.ShouldVerifyByOpenSslAsync(leaf, "sslserver");
        var parsed = ParsedCertificate.Parse(leaf.RawDataMemory);
        parsed.Names.CommonName.ShouldBe("one.test");
        parsed.Names.Dns.ShouldBe(["one.test", "two.test"]);
        parsed.StepProvisioner.ShouldBe(new StepProvisionerExtension(6, AcmeHost.Provisioner, ""));
        (await client.GetAsync(client.Account + "/orders")).Json.GetProperty("orders")[0].GetString().ShouldBe(order.Location);
        // Asked once more, as after an answer that was lost: the same certificate, whatever is sent.
        (await client.FinalizeAsync(order, key, null, "one.test", "two.test"))["certificate"].ShouldBe(finished["certificate"]);
        (await fixture.Ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'one.test'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Wildcard_ProvenByDns_IsCertified()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("*.farm.test");
        var authorization = await client.GetAsync(order.Authorizations.Single());
        authorization.Json.GetProperty("wildcard").GetBoolean().ShouldBeTrue();
        authorization.Json.GetProperty("identifier").GetProperty("value").GetString().ShouldBe("farm.test");
        authorization.Json.GetProperty("challenges").GetArrayLength().ShouldBe(1);
        var challenge = authorization.Challenge("dns-01");
        fixture.Servers.Texts["_acme-challenge.farm.test"] =
            Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(client.KeyAuthorization(challenge.GetProperty("token").GetString()!))));

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("valid");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await CertificateAsync(client, await client.FinalizeAsync(order, key, null, "*.farm.test"));
        ParsedCertificate.Parse(leaf.RawDataMemory).Names.ShouldSatisfyAllConditions(n => n.CommonName.ShouldBeNull(), n => n.Dns.ShouldBe(["*.farm.test"]));
        await fixture.Ca.ShouldVerifyByOpenSslAsync(leaf, "sslserver");
    }

    [SkippableTheory]
    [InlineData("gate.test", "gate.test")]
    [InlineData("127.0.0.1", "1.0.0.127.in-addr.arpa")]
    public async Task Name_ProvenByTlsAlpn_IsCertified(string name, string serverName)
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync(name);
        var challenge = (await client.GetAsync(order.Authorizations.Single())).Challenge("tls-alpn-01");
        fixture.Servers.Certificates[serverName] =
            ChallengeServers.AlpnCertificate(client.KeyAuthorization(challenge.GetProperty("token").GetString()!), isCritical: true, name);

        await client.PostAsync(challenge.GetProperty("url").GetString()!, new { });

        (await fixture.DecidedAsync(client, order.Authorizations.Single()))["status"].ShouldBe("valid");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await CertificateAsync(client, await client.FinalizeAsync(order, key, null, name));
        ParsedCertificate.Parse(leaf.RawDataMemory).Names.AllSans.ShouldBe([name]);
        await fixture.Ca.ShouldVerifyByOpenSslAsync(leaf, "sslserver");
    }

    [SkippableFact]
    public async Task Validity_AskedFor_IsTheCertificates()
    {
        using var client = await fixture.NewClientAsync();
        var until = fixture.Time.GetUtcNow().AddHours(2);
        var order = await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("short.test") }, notAfter = until.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") });
        await ProveByHttpAsync(client, order.Authorizations.Single());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var leaf = await CertificateAsync(client, await client.FinalizeAsync(order, key, null, "short.test"));

        new DateTimeOffset(leaf.NotAfter).ShouldBe(until, TimeSpan.FromSeconds(1));
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("any.test") }, notBefore = "0001-01-01T00:00:00Z", notAfter = "0001-01-01T00:00:00Z" })).Status.ShouldBe(HttpStatusCode.Created);
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("next-month.test") }, notBefore = fixture.Time.GetUtcNow().AddDays(30).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") }))
            .ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier("long.test") }, notAfter = "2099-01-01T00:00:00Z" })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Finalize_BeforeProof_IsNotReady()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("early.test");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        (await client.FinalizeAsync(order, key, null, "early.test")).ShouldBe(HttpStatusCode.Forbidden, "orderNotReady");
        var certificate = client.At("certificate/" + order.Location!.Split('/')[^1]);
        (await client.GetAsync(certificate)).ShouldBe(HttpStatusCode.NotFound, "malformed").Body.ShouldContain("no certificate");
        using var other = await fixture.NewClientAsync();
        (await other.GetAsync(certificate)).ShouldBe(HttpStatusCode.NotFound, "malformed").Body.ShouldContain("no such order");
    }

    [SkippableTheory]
    [InlineData(null, "a.named.test", "b.named.test")]
    [InlineData("other.test", "a.named.test")]
    [InlineData(null, "b.named.test")]
    [InlineData(null, "a.named.test", "spiffe://iot.example/tenant/x")]
    public async Task Finalize_OtherNamesThanOrdered_IsBadCsr(string? commonName, params string[] names)
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("a.named.test");
        await ProveByHttpAsync(client, order.Authorizations.Single());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        (await client.FinalizeAsync(order, key, commonName, names)).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
        (await client.GetAsync(order.Location!))["status"].ShouldBe("ready");
    }

    /// <summary>A signature that is not the key's, a key that is too weak, and what is no request at all.</summary>
    [SkippableFact]
    public async Task Finalize_OfARequestThatProvesNothing_IsBadCsr()
    {
        using var client = await fixture.NewClientAsync();
        var order = await fixture.ReadyOrderAsync(client, "proof.test");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var weak = RSA.Create(1024);
        var forged = Base64Url.DecodeFromChars(AcmeClient.Csr(key, null, "proof.test"));
        forged[^1] ^= 1;

        foreach (var csr in new[] { forged, new CertificateRequest("CN=proof.test", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest(), "{}"u8.ToArray() })
        {
            (await client.PostAsync(order["finalize"], new { csr = Base64Url.EncodeToString(csr) })).ShouldBe(HttpStatusCode.BadRequest, "badCSR");
        }

        (await client.PostAsync(order["finalize"], new { csr = "!" })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.FinalizeAsync(order, key, null, "proof.test")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableTheory]
    [InlineData("plant-mqtt-bridge", "rejectedIdentifier")]
    [InlineData("no_such..name", "rejectedIdentifier")]
    [InlineData("ends.with.dot.", "rejectedIdentifier")]
    public async Task Order_OfAReservedOrImpossibleName_IsRefused(string name, string error)
    {
        using var client = await fixture.NewClientAsync();

        (await client.OrderAsync(name)).ShouldBe(HttpStatusCode.BadRequest, error);
    }

    [SkippableFact]
    public async Task Order_WithoutIdentifiersOrOfAnotherKind_IsRefused()
    {
        using var client = await fixture.NewClientAsync();

        (await client.PostAsync(client.At("new-order"), new { identifiers = Array.Empty<object>() })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { new { type = "email", value = "a@b.test" } } })).ShouldBe(HttpStatusCode.BadRequest, "unsupportedIdentifier");
        (await client.PostAsync(client.At("new-order"), new { identifiers = new[] { new { type = "ip", value = "::ffff:127.0.0.1" } } })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await client.PostAsync(client.At("new-order"), new { identifiers = Enumerable.Range(0, 101).Select(i => AcmeClient.Identifier($"n{i}.test")) })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
    }

    [SkippableFact]
    public async Task Order_OfAnotherAccount_IsNotThere()
    {
        using var client = await fixture.NewClientAsync();
        using var other = await fixture.NewClientAsync();
        var order = await client.OrderAsync("mine.test");
        var authorization = order.Authorizations.Single();
        var challenge = (await client.GetAsync(authorization)).Challenge("http-01").GetProperty("url").GetString()!;

        (await other.GetAsync(order.Location!)).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await other.GetAsync(authorization)).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await other.PostAsync(challenge, new { })).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await other.PostAsync(authorization, new { status = "deactivated" })).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await client.GetAsync(order.Location!))["status"].ShouldBe("pending");
    }

    [SkippableFact]
    public async Task Authorization_Deactivated_EndsItsOrder()
    {
        using var client = await fixture.NewClientAsync();
        var order = await client.OrderAsync("given-up.test");

        (await client.PostAsync(order.Authorizations.Single(), new { status = "deactivated" }))["status"].ShouldBe("deactivated");

        (await client.GetAsync(order.Location!))["status"].ShouldBe("invalid");
    }

    /// <summary>Open ones, and those of a day, finished or not.</summary>
    [SkippableTheory]
    [InlineData("pending", 300)]
    [InlineData("valid", 3000)]
    public async Task Orders_TooMany_AreRateLimited(string status, int most)
    {
        using var client = await fixture.NewClientAsync();
        var account = client.Account!.Split('/')[^1];
        await fixture.Ca.Database.ExecuteAsync(
            "INSERT INTO acme.orders (id, account_id, status, created_at, expires_at) SELECT $1 || '-' || i, $2, $1, now(), now() + interval '1 day' FROM generate_series(2, $3) i", status, account, most);
        (await client.OrderAsync("last.test")).Status.ShouldBe(HttpStatusCode.Created);

        var reply = (await client.OrderAsync("one-more.test")).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited");

        reply.RetryAfter.ShouldNotBeNull();
    }

    private async Task ProveByHttpAsync(AcmeClient client, string authorization)
    {
        var challenge = (await client.GetAsync(authorization)).Challenge("http-01");
        var token = challenge.GetProperty("token").GetString()!;
        fixture.Servers.Page(token, client.KeyAuthorization(token) + "\n");
        (await client.PostAsync(challenge.GetProperty("url").GetString()!, new { }))["status"].ShouldBe("valid", "the first look is waited for");
        (await fixture.DecidedAsync(client, authorization))["status"].ShouldBe("valid");
    }

    private static async Task<X509Certificate2> CertificateAsync(AcmeClient client, AcmeReply order)
    {
        order.Status.ShouldBe(HttpStatusCode.OK, order.Body);
        var reply = await client.GetAsync(order["certificate"]);
        reply.ContentType.ShouldBe("application/pem-certificate-chain");
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(reply.Body);
        chain.Count.ShouldBe(2);
        return chain[0];
    }
}
