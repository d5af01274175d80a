using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Portal.Pages;

namespace IoTPlatform.Portal.Tests;

public sealed class CertificateWordsTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    /// <summary>An Intermediate CA that was replaced, perhaps because its key was stolen, and the one in its place have the same name.</summary>
    [Fact]
    public void Issuer_IsFoundByItsSignature_NotByItsName()
    {
        using var stolen = Authority();
        using var replacement = Authority();
        using var leaf = Leaf(stolen);

        CertificateWords.IssuerOf(leaf, [replacement]).ShouldBeNull();
        CertificateWords.IssuerOf(leaf, [replacement, stolen]).ShouldBeSameAs(stolen);
        CertificateWords.IssuerOf(replacement, [stolen, replacement]).ShouldBeSameAs(replacement);
    }

    /// <summary>Days in UTC, the last one included; beside a state, the narrower of both.</summary>
    [Theory]
    [InlineData(null, "2026-06-10", "2026-06-12", "2026-06-10", "2026-06-13")]
    [InlineData(null, "tomorrow", "9999-12-31", null, null)]
    [InlineData("expired", "2026-01-01", "2026-12-31", "2026-01-01", "2026-06-01")]
    [InlineData("expired", null, "2026-05-01", null, "2026-05-02")]
    [InlineData("expiring", "2026-01-01", "2026-12-31", "2026-06-01", "2026-07-01")]
    public void Query_OfDays_IsWhatEndsOnThem(string? state, string? from, string? until, string? after, string? before)
    {
        var query = CertificateWords.Query(null, null, state, null, null, null, Day("2026-06-01")!.Value, from, until);

        query.ExpiringAfter.ShouldBe(Day(after));
        query.ExpiringBefore.ShouldBe(Day(before));
    }

    private static DateTimeOffset? Day(string? text) => text is null ? null : DateTimeOffset.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Intermediate CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 1, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(30));
    }

    private static X509Certificate2 Leaf(X509Certificate2 issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=pump-1", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        return request.Create(issuer, Now.AddHours(-1), Now.AddDays(1), [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x11]);
    }
}
