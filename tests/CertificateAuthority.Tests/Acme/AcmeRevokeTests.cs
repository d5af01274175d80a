using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>revokeCert (RFC 8555 7.6).</summary>
public sealed class AcmeRevokeTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task Revoke_ByItsAccount_Once()
    {
        using var client = await fixture.NewClientAsync();
        using var other = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await fixture.CertifiedAsync(client, key, "revoked.test");

        (await RevokeAsync(other, leaf, 1)).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
        (await RevokeAsync(client, leaf, 7)).ShouldBe(HttpStatusCode.BadRequest, "badRevocationReason");
        (await RevokeAsync(client, leaf, 1)).Status.ShouldBe(HttpStatusCode.OK);
        (await RevokeAsync(client, leaf, 1)).ShouldBe(HttpStatusCode.BadRequest, "alreadyRevoked");
    }

    [SkippableFact]
    public async Task Revoke_ByItsOwnKey_NeedsNoAccount()
    {
        using var client = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = await fixture.CertifiedAsync(client, key, "own-key.test");
        using var stranger = new AcmeClient(fixture.Ca, AcmeHost.Provisioner);
        using var holder = new AcmeClient(fixture.Ca, AcmeHost.Provisioner, key);

        (await RevokeAsync(stranger, leaf, null)).ShouldBe(HttpStatusCode.Forbidden, "unauthorized");
        (await RevokeAsync(holder, leaf, null)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Revoke_OfAForeignCertificate_IsRefused()
    {
        using var client = await fixture.NewClientAsync();
        using var foreign = ChallengeServers.AlpnCertificate("x", isCritical: true, "foreign.test");

        (await RevokeAsync(client, foreign, 1)).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await RevokeAsync(client, fixture.Ca.Root, 1)).Status.ShouldBeOneOf(HttpStatusCode.NotFound, HttpStatusCode.Forbidden);
        (await client.PostAsync(client.At("revoke-cert"), new { certificate = "AAAA" })).ShouldBe(HttpStatusCode.BadRequest, "malformed");
    }

    private static Task<AcmeReply> RevokeAsync(AcmeClient client, X509Certificate2 certificate, int? reason) =>
        client.PostAsync(client.At("revoke-cert"), new { certificate = Base64Url.EncodeToString(certificate.RawDataMemory.Span), reason });
}
