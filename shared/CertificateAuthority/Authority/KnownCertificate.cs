using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// A client certificate of which everything is known before anything is done with it: a leaf of an accepted issuer, in date (or, for a renewal alone, in the
/// grace after its end), on record and, when the record was read, not revoked. The record itself never changes. Comes from the <see cref="Authority"/> alone.
/// </summary>
public sealed class KnownCertificate
{
    private KnownCertificate(X509Certificate2 certificate, LeafIdentity leaf, CertificateRecord record, TimeSpan grace)
    {
        Grace = grace;
        Certificate = certificate;
        Leaf = leaf;
        Record = record;
    }

    public X509Certificate2 Certificate { get; }

    public CertificateRecord Record { get; }

    /// <summary>SHA-256 over the SubjectPublicKeyInfo.</summary>
    public byte[] PublicKeySha256 => Leaf.SubjectKeySha256;

    internal LeafIdentity Leaf { get; }

    /// <summary>How long after its end it was accepted, for a renewal and nothing else.</summary>
    internal TimeSpan Grace { get; }

    /// <summary>Throws 401 <c>certificate_refused</c>, <c>certificate_revoked</c> or <c>certificate_on_hold</c>.</summary>
    internal static async Task<KnownCertificate> ReadAsync(X509Certificate2 certificate, Authority authority, TimeSpan grace, CancellationToken cancellationToken)
    {
        var leaf = LeafVerifier.Verify(certificate, authority.Active, authority.Time.GetUtcNow(), grace);
        var record = await authority.FindAsync(leaf.Serial, cancellationToken);
        if (record is null || !record.Der.AsSpan().SequenceEqual(certificate.RawDataMemory.Span))
        {
            throw new ProblemException(401, "certificate_refused", "The client certificate is refused: it is not on record.");
        }

        if (record.IsRevoked)
        {
            throw record.IsOnHold ? OnHold() : new ProblemException(401, "certificate_revoked", "The certificate has been revoked.");
        }

        var known = new KnownCertificate(certificate, leaf, record, grace);
        if (grace == TimeSpan.Zero)
        {
            leaf.Known = known;
        }

        return known;
    }

    /// <summary>Unlike a revocation it may end: whoever asks again later may be let in.</summary>
    internal static ProblemException OnHold() => new(401, "certificate_on_hold", "The certificate is on hold.");
}
