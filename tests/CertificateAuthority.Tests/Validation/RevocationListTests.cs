using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

public sealed partial class RevocationListTests(ValidationHost host) : IClassFixture<ValidationHost>
{
    private static readonly HttpClient Plain = new();

    [SkippableFact]
    public async Task List_OfTheCertificatesShard_HasARevocationAtOnceWithItsReason()
    {
        using var certificate = await host.Ca.EnrollAsync("crl.test");
        var url = DistributionPoint(certificate);
        url.AbsoluteUri.ShouldStartWith(host.Base.AbsoluteUri);
        (await TextAsync(await Plain.GetByteArrayAsync(url))).ShouldNotContain(Serial(certificate));

        await ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray());

        await Task.Delay(TimeSpan.FromSeconds(0.6)); // An answer may be half a second old.
        var text = await TextAsync(await Plain.GetByteArrayAsync(url));
        text.ShouldContain(Serial(certificate));
        text.ShouldContain("Key Compromise");
        text.ShouldContain(url.AbsoluteUri); // issuingDistributionPoint
    }

    /// <summary>RFC 5280 5.3.2; once as one that is new, once as one that goes on.</summary>
    [SkippableFact]
    public async Task List_OfARevocationWithAnInvalidityDate_HasIt()
    {
        using var certificate = await host.Ca.EnrollAsync("invalid.test");
        using var client = host.Ca.As("admin", IoTPlatform.Identity.Roles.Admin);
        var path = $"/portal/certificates/{certificate.SerialNumber}/revoke";
        using var early = await client.PostAsync(path, Json("""{"reason_code":1,"invalid_since":"2999-01-01T00:00:00Z"}"""));
        early.StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        using var revoked = await client.PostAsync(path, Json("""{"reason_code":1,"invalid_since":"2026-03-01T08:00:00+01:00"}"""));

        revoked.IsSuccessStatusCode.ShouldBeTrue(await revoked.Content.ReadAsStringAsync());
        for (var look = 0; look < 2; look++)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.6));
            var text = await TextAsync(await Plain.GetByteArrayAsync(DistributionPoint(certificate)));
            text.ShouldContain("Key Compromise");
            text.ShouldMatch("Invalidity Date: ?\n? *Mar  1 07:00:00 2026 GMT");
            using var another = await host.Ca.EnrollAsync("invalid-another.test");
            await host.Ca.Database.ExecuteAsync("INSERT INTO ca.revocations (serial, reason_code, revoked_by, revoked_at) VALUES ($1, 1, 'x', now())", another.SerialNumberBytes.ToArray());
        }

        static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
    }

    [SkippableFact]
    public async Task Verify_WithTheShardOfOpenSsl_RefusesTheRevokedAndNoOther()
    {
        using var good = await host.Ca.EnrollAsync("good.test");
        using var revoked = await host.Ca.EnrollAsync("revoked.test");
        await ValidationHost.RevokeAsync(host.Ca, revoked.SerialNumberBytes.ToArray());

        (await VerifyAsync(good)).ShouldContain(": OK");
        (await VerifyAsync(revoked)).ShouldContain("certificate revoked");
    }

    /// <summary>A list of every issuer up to the root.</summary>
    [SkippableFact]
    public async Task Verify_AllTheWayUp_IsAcceptedUntilTheSubCaIsRevoked()
    {
        using var device = await host.Tenant.EnrollAsync("chain.test");
        var subCa = host.Tenant.Authority.Issuers.Active.Certificate;

        (await VerifyAllAsync(device)).ShouldContain(": OK");

        await ValidationHost.RevokeAsync(host.Ca, subCa.SerialNumberBytes.ToArray(), RevocationReason.CaCompromise);
        await Task.Delay(TimeSpan.FromSeconds(0.6));
        (await VerifyAllAsync(device)).ShouldContain("certificate revoked");
    }

    [SkippableFact]
    public async Task List_Complete_IsAlsoStepCas()
    {
        using var certificate = await host.Ca.EnrollAsync("complete.test");
        await ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray(), RevocationReason.Unspecified);
        using var client = host.Ca.Client();

        var answer = await client.GetAsync("/1.0/crl");

        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/pkix-crl");
        var text = await TextAsync(await answer.Content.ReadAsByteArrayAsync());
        text.ShouldContain(Serial(certificate));
        text.ShouldNotContain("Issuing Distribution Point");
        (await client.GetStringAsync("/crl?pem")).ShouldStartWith("-----BEGIN X509 CRL-----");
        (await Plain.GetAsync(new Uri(host.Base, "crl"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task List_OfATenant_IsOfItsSubCa()
    {
        using var device = await host.Tenant.EnrollAsync("device.test");
        await ValidationHost.RevokeAsync(host.Tenant, device.SerialNumberBytes.ToArray());

        var text = await TextAsync(await Plain.GetByteArrayAsync(DistributionPoint(device)));

        text.ShouldContain("acme Sub-CA");
        text.ShouldContain(Serial(device));
        using var subCa = X509CertificateLoader.LoadCertificate(host.Tenant.Authority.Issuers.Active.Certificate.RawData);
        DistributionPoint(subCa).AbsoluteUri.ShouldStartWith(host.Base.AbsoluteUri); // The Intermediate's, at the provider.
    }

    [SkippableFact]
    public async Task Numbers_OfTwoProcesses_GrowTogether()
    {
        using var first = Lists();
        using var second = Lists();
        var issuer = Convert.ToHexStringLower(host.Ca.Authority.Issuers.Active.Issuer.SubjectKeyIdentifier.Span);
        long last = 0;
        for (var i = 0; i < 4; i++)
        {
            using var certificate = await host.Ca.EnrollAsync("number.test");
            await ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray());
            await Task.Delay(TimeSpan.FromSeconds(0.6));

            var (one, other) = ((await first.FindAsync(issuer, shard: null, default))!, (await second.FindAsync(issuer, shard: null, default))!);

            other.Der.ShouldBe(one.Der);
            one.Number.ShouldBeGreaterThan(last);
            last = one.Number;
        }

        var at = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? first : second).FindAsync(issuer, (byte)i, default)));
        at.ShouldAllBe(list => list!.Der.Length > 0);

        RevocationLists Lists() => new(host.Ca.Authority, host.Ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
    }

    /// <summary>As of two processes, one of whose clocks is two days ahead and is then set right.</summary>
    [SkippableFact]
    public async Task Numbers_ClockSetBack_GoOnGrowingAndTheListIsOfNow()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(2));
        using var lists = new RevocationLists(host.Ca.Authority, host.Ca.Database.DataSource, time, NullLogger<RevocationLists>.Instance);
        using var other = new RevocationLists(host.Ca.Authority, host.Ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        var issuer = Convert.ToHexStringLower(host.Ca.Authority.Issuers.Active.Issuer.SubjectKeyIdentifier.Span);
        var ahead = (await lists.FindAsync(issuer, shard: 9, default))!;

        var now = (await other.FindAsync(issuer, shard: 9, default))!;
        time.SetBack(TimeSpan.FromDays(2));
        time.Advance(TimeSpan.FromSeconds(1));
        var back = (await lists.FindAsync(issuer, shard: 9, default))!;

        now.Number.ShouldBeGreaterThan(ahead.Number);
        now.MadeAt.ShouldBeLessThan(ahead.MadeAt);
        back.Number.ShouldBeGreaterThanOrEqualTo(now.Number);
        (back.MadeAt - TimeProvider.System.GetUtcNow()).Duration().ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    [SkippableFact]
    public async Task List_DatabaseAway_GoesOnUntilItRunsOut()
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(host.Ca.Database.ConnectionString);
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        using var lists = new RevocationLists(host.Ca.Authority, source, time, NullLogger<RevocationLists>.Instance);
        var issuer = Convert.ToHexStringLower(host.Ca.Authority.Issuers.Active.Issuer.SubjectKeyIdentifier.Span);
        var list = (await lists.FindAsync(issuer, shard: 7, default))!;
        await host.Ca.Database.AllowConnectionsAsync(false);
        try
        {
            await host.Ca.Database.EndConnectionsAsync();
            time.Advance(TimeSpan.FromHours(23));
            (await lists.FindAsync(issuer, shard: 7, default))!.Der.ShouldBe(list.Der);
            time.Advance(TimeSpan.FromHours(2));
            await Should.ThrowAsync<Npgsql.NpgsqlException>(() => lists.FindAsync(issuer, shard: 7, default));
        }
        finally
        {
            await host.Ca.Database.AllowConnectionsAsync(true);
        }
    }

    /// <summary>Its key is offline, and what it says of a revoked Intermediate CA stays true.</summary>
    [SkippableFact]
    public async Task List_OfTheRoot_IsServedPastItsEnd()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        using var lists = new RevocationLists(host.Ca.Authority, host.Ca.Database.DataSource, time, NullLogger<RevocationLists>.Instance);
        time.Advance(TimeSpan.FromDays(400));

        var list = (await lists.FindAsync(Convert.ToHexStringLower(host.Ca.Authority.Active.RootKeyId), shard: null, default))!;

        RevokedIntermediates.Parse(list.Der, host.Ca.Authority.Chain.Root).NextUpdate.ShouldBeLessThan(time.GetUtcNow());
    }

    [SkippableTheory]
    [InlineData("crl/00.crl")]
    [InlineData("crl/zz/00.crl")]
    [InlineData("crl/0000000000000000000000000000000000000000.crl")]
    [InlineData("crl/{issuer}/0.crl")]
    [InlineData("crl/{issuer}/100.crl")]
    [InlineData("crl/{issuer}/+1.crl")]
    [InlineData("ca/0000000000000000000000000000000000000000.crt")]
    [InlineData("health")]
    [InlineData("provisioners")]
    public async Task Get_NothingThere_IsNotFound(string path)
    {
        path = path.Replace("{issuer}", Convert.ToHexStringLower(host.Ca.Authority.Issuers.Active.Issuer.SubjectKeyIdentifier.Span), StringComparison.Ordinal);
        (await Plain.GetAsync(new Uri(host.Base, path))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task Get_ConditionalHeadAndRange_AreAnsweredAsHttpHasThem()
    {
        using var certificate = await host.Ca.EnrollAsync("http.test");
        var url = DistributionPoint(certificate);
        var first = await Plain.GetAsync(url);
        var content = await first.Content.ReadAsByteArrayAsync();
        first.Headers.CacheControl!.NoCache.ShouldBeTrue();

        using var conditional = new HttpRequestMessage(HttpMethod.Get, url);
        conditional.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        (await Plain.SendAsync(conditional)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var since = new HttpRequestMessage(HttpMethod.Get, url);
        since.Headers.IfModifiedSince = first.Content.Headers.LastModified;
        (await Plain.SendAsync(since)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var head = new HttpRequestMessage(HttpMethod.Head, url);
        (await Plain.SendAsync(head)).Content.Headers.ContentLength.ShouldBe(content.Length);
        using var range = new HttpRequestMessage(HttpMethod.Get, url);
        range.Headers.Range = new(0, 9);
        (await (await Plain.SendAsync(range)).Content.ReadAsByteArrayAsync()).ShouldBe(content[..10]);
        using var beyond = new HttpRequestMessage(HttpMethod.Get, url);
        beyond.Headers.Range = new(content.Length, null);
        (await Plain.SendAsync(beyond)).StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        // Part of another list than the one that was begun with is none of it.
        using var continued = new HttpRequestMessage(HttpMethod.Get, url);
        continued.Headers.Range = new(10, null);
        continued.Headers.IfRange = new(new System.Net.Http.Headers.EntityTagHeaderValue("\"1\""));
        (await (await Plain.SendAsync(continued)).Content.ReadAsByteArrayAsync()).ShouldBe(content);
        using var old = new HttpRequestMessage(HttpMethod.Get, url);
        old.Headers.IfModifiedSince = first.Content.Headers.LastModified!.Value - TimeSpan.FromSeconds(2);
        (await Plain.SendAsync(old)).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var missing = new HttpRequestMessage(HttpMethod.Head, new Uri(host.Base, "crl/00.crl"));
        (await Plain.SendAsync(missing)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var posted = new HttpRequestMessage(HttpMethod.Post, url);
        (await Plain.SendAsync(posted)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [SkippableFact]
    public async Task IssuerCertificate_IsWhereCertificatesSay()
    {
        using var certificate = await host.Ca.EnrollAsync("issuer.test");
        var url = certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>().Single().EnumerateCAIssuersUris().Single();

        (await Plain.GetByteArrayAsync(url)).ShouldBe(host.Ca.Authority.Issuers.Active.Certificate.RawData);
    }

    private async Task<string> VerifyAsync(X509Certificate2 certificate)
    {
        var list = host.Write(certificate.SerialNumber + ".crl", await Plain.GetByteArrayAsync(DistributionPoint(certificate)));
        var result = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["verify", "-crl_check", "-CRLfile", list, "-CAfile", host.Trust(host.Ca), host.Pem(certificate)]);
        return result.Output + result.Error;
    }

    private async Task<string> VerifyAllAsync(X509Certificate2 device)
    {
        var lists = new List<string>();
        foreach (var (keyId, at) in new[]
        {
            (host.Ca.Authority.Active.RootKeyId, host.Base), (host.Ca.Authority.Active.Active.KeyId, host.Base), (host.Tenant.Authority.Active.Active.KeyId, host.Tenant.Module.Options.Validation!.Base),
        })
        {
            var der = await Plain.GetByteArrayAsync(new Uri(at, $"crl/{Convert.ToHexStringLower(keyId)}.crl"));
            lists.Add(System.Security.Cryptography.PemEncoding.WriteString("X509 CRL", der) + "\n");
        }

        var file = host.Write(Guid.NewGuid().ToString("N") + ".crls", System.Text.Encoding.ASCII.GetBytes(string.Concat(lists)));
        var result = await Tools.RunAsync(
            Requires.Tool("openssl"), ["verify", "-crl_check_all", "-CRLfile", file, "-CAfile", host.Trust(host.Tenant), host.Pem(device)]);
        return result.Output + result.Error;
    }

    private async Task<string> TextAsync(byte[] list)
    {
        var file = host.Write(Guid.NewGuid().ToString("N") + ".crl", list);
        return (await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-inform", "DER", "-in", file, "-noout", "-text"])).EnsureSuccess().Output;
    }

    /// <summary>As OpenSSL prints it.</summary>
    private static string Serial(X509Certificate2 certificate) => certificate.SerialNumber.TrimStart('0');

    internal static Uri DistributionPoint(X509Certificate2 certificate) => new(
        Url().Match(System.Text.Encoding.ASCII.GetString(certificate.Extensions["2.5.29.31"]!.RawData)).Value);

    [GeneratedRegex(@"http://[\x21-\x7e]+\.crl", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Url();
}
