using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Judges a presented client certificate (RFC 5280 6.1, cut down to one step): issued directly by an accepted issuer, no CA, in date,
/// for clientAuth. A chain through another CA is never built, so what a Sub-CA signs is nothing here. Revocation is the store's to say.
/// </summary>
internal static class LeafVerifier
{
    /// <summary>Throws <see cref="ProblemException"/> 401 <c>certificate_refused</c>.</summary>
    /// <param name="certificate">The client's.</param>
    /// <param name="issuers">That are accepted.</param>
    /// <param name="now">By this host's clock.</param>
    /// <param name="grace">After its end, for a renewal and nothing else.</param>
    public static LeafIdentity Verify(X509Certificate2 certificate, ActiveIssuers issuers, DateTimeOffset now, TimeSpan grace = default)
    {
        LeafIdentity leaf;
        try
        {
            leaf = LeafIdentity.Of(certificate);
        }
        catch (PkiException e)
        {
            throw Refused("it can't be read", e);
        }

        if (issuers.IssuerOf(leaf) is null)
        {
            throw Refused("this authority did not issue it");
        }

        if (leaf.Parsed.IsCa)
        {
            throw Refused("it is a CA certificate");
        }

        if (now < leaf.Parsed.NotBefore || now > leaf.Parsed.NotAfter + grace)
        {
            throw Refused("it is not in date");
        }

        return leaf.Parsed.ExtendedKeyUsages is { IsDefault: false } usages && usages.Contains(Oids.ClientAuth)
            ? leaf
            : throw Refused("it is not for client authentication");
    }

    private static ProblemException Refused(string why, Exception? inner = null) =>
        new(401, "certificate_refused", $"The client certificate is refused: {why}.", inner: inner);
}

/// <summary>
/// A presented certificate, read once. It stays with the certificate object, and so with the TLS connection; the issuer whose key was
/// found to have signed it stays with it too.
/// </summary>
internal sealed class LeafIdentity
{
    private static readonly ConditionalWeakTable<X509Certificate2, LeafIdentity> All = [];

    private LeafIdentity(X509Certificate2 certificate)
    {
        Parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        Serial = Parsed.SerialNumber.ToArray();
        SubjectKeySha256 = SHA256.HashData(Parsed.SubjectPublicKeyInfo.Span);
        Key = Parsed.ReadKeyKind();
    }

    public ParsedCertificate Parsed { get; }

    public byte[] Serial { get; }

    public byte[] SubjectKeySha256 { get; }

    public KeyKind Key { get; }

    /// <summary>The issuer whose signature on it has been verified.</summary>
    public AcceptedIssuer? VerifiedIssuer { get; set; }

    /// <summary>Once its record has been read. Whether it was revoked since is for the ledger to say, in the commit.</summary>
    public KnownCertificate? Known { get; set; }

    /// <summary>Throws <see cref="PkiException"/> for a certificate that can't be read.</summary>
    public static LeafIdentity Of(X509Certificate2 certificate) => All.GetValue(certificate, static c => new LeafIdentity(c));
}
