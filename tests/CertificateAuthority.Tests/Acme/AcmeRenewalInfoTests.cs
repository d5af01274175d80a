using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>Renewal information, and orders that replace a certificate (RFC 9773).</summary>
public sealed class AcmeRenewalInfoTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task RenewalInfo_OfAGoodCertificate_IsAfterTwoThirdsOfItsLife()
    {
        using var client = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await fixture.CertifiedAsync(client, key, "good.test");

        var (start, end, retryAfter) = await WindowAsync(leaf);

        var lifetime = leaf.NotAfter - leaf.NotBefore;
        start.ShouldBe(leaf.NotBefore.ToUniversalTime() + (lifetime * 2 / 3), TimeSpan.FromSeconds(2));
        end.ShouldBeInRange(start.AddMinutes(1), leaf.NotAfter.ToUniversalTime());
        retryAfter.ShouldBe(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5));
    }

    [SkippableFact]
    public async Task RenewalInfo_OfARevokedCertificate_IsNow()
    {
        using var client = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await fixture.CertifiedAsync(client, key, "taken.test");
        (await client.PostAsync(client.At("revoke-cert"), new { certificate = Base64Url.EncodeToString(leaf.RawDataMemory.Span) })).Status.ShouldBe(HttpStatusCode.OK);

        var (start, end, _) = await WindowAsync(leaf);

        start.ShouldBeLessThan(end);
        end.ShouldBeLessThanOrEqualTo(fixture.Time.GetUtcNow());
    }

    [SkippableTheory]
    [InlineData("AQ.AQ")]
    [InlineData("AQ")]
    [InlineData("AQ.AQ.AQ")]
    [InlineData(".")]
    [InlineData("A*.AQ")]
    [InlineData("AQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task RenewalInfo_OfNoCertificate_Is404(string id)
    {
        using var client = fixture.Ca.Client();

        using var response = await client.GetAsync($"/acme/{AcmeHost.Provisioner}/renewal-info/{id}");

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [SkippableFact]
    public async Task RenewalInfo_SerialOfAnotherIssuer_Is404()
    {
        using var client = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await fixture.CertifiedAsync(client, key, "issuer.test");
        using var http = fixture.Ca.Client();

        using var response = await http.GetAsync($"/acme/{AcmeHost.Provisioner}/renewal-info/{Base64Url.EncodeToString(new byte[20])}.{IdOf(leaf).Split('.')[1]}");

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task Order_ThatReplaces_SaysSoAndReplacesOnce()
    {
        using var client = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = await fixture.CertifiedAsync(client, key, "replaced.test");
        var pending = await OrderAsync(client, "replaced.test", IdOf(first));
        pending["replaces"].ShouldBe(IdOf(first));

        using var second = await fixture.CertifiedAsync(client, key, "replaced.test", IdOf(first));

        (await OrderAsync(client, "replaced.test", IdOf(first))).ShouldBe(HttpStatusCode.Conflict, "alreadyReplaced");
        (await OrderAsync(client, "replaced.test", IdOf(second))).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Order_ThatReplacesWhatIsNotItsToReplace_IsRefused()
    {
        using var client = await fixture.NewClientAsync();
        using var other = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await fixture.CertifiedAsync(client, key, "kept.test");

        (await OrderAsync(other, "kept.test", IdOf(leaf))).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
        (await OrderAsync(client, "another.test", IdOf(leaf))).ShouldBe(HttpStatusCode.BadRequest, "malformed");
        (await OrderAsync(client, "kept.test", "AQ.AQ")).ShouldBe(HttpStatusCode.NotFound, "malformed");
    }

    [SkippableFact]
    public async Task Directory_NamesWhereItIs()
    {
        using var client = fixture.Ca.Client();

        (await client.ReadAsync($"/acme/{AcmeHost.Provisioner}/directory")).Json.GetProperty("renewalInfo").GetString().ShouldBe($"{fixture.Ca.Url}acme/{AcmeHost.Provisioner}/renewal-info");
    }

    private static Task<AcmeReply> OrderAsync(AcmeClient client, string name, string replaces) =>
        client.PostAsync(client.At("new-order"), new { identifiers = new[] { AcmeClient.Identifier(name) }, replaces });

    private static string IdOf(X509Certificate2 certificate)
    {
        var parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        return $"{Base64Url.EncodeToString(parsed.AuthorityKeyIdentifier!.Value.Span)}.{Base64Url.EncodeToString(certificate.SerialNumberBytes.Span)}";
    }

    private async Task<(DateTimeOffset Start, DateTimeOffset End, TimeSpan RetryAfter)> WindowAsync(X509Certificate2 certificate)
    {
        using var client = fixture.Ca.Client();
        using var response = await client.GetAsync($"/acme/{AcmeHost.Provisioner}/renewal-info/{IdOf(certificate)}");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var window = JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("suggestedWindow");
        return (window.GetProperty("start").GetDateTimeOffset(), window.GetProperty("end").GetDateTimeOffset(), response.Headers.RetryAfter!.Delta!.Value);
    }
}
