using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// A presented certificate, read once. It stays with the certificate object, and so with the TLS connection; the issuer whose key was
/// found to have signed it stays with it too.
/// </summary>
internal sealed class LeafIdentity
{
    private static readonly ConditionalWeakTable<X509Certificate2, LeafIdentity> Known = [];

    private LeafIdentity(X509Certificate2 certificate)
    {
        Parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        Serial = Parsed.SerialNumber.ToArray();
        SubjectKeySha256 = SHA256.HashData(Parsed.SubjectPublicKeyInfo.Span);
        Key = SubjectKeys.KindOf(Parsed.SubjectPublicKeyInfo);
    }

    public ParsedCertificate Parsed { get; }

    public byte[] Serial { get; }

    public byte[] SubjectKeySha256 { get; }

    public KeyKind Key { get; }

    /// <summary>The issuer whose signature on it has been verified.</summary>
    public AcceptedIssuer? VerifiedIssuer { get; set; }

    /// <summary>Throws <see cref="PkiException"/> for a certificate that can't be read.</summary>
    public static LeafIdentity Of(X509Certificate2 certificate) => Known.GetValue(certificate, static c => new LeafIdentity(c));
}
