using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A request to renew, for the feature that owns the profile. The caller has proved to hold the certificate's key; it is on record and not revoked.</summary>
public sealed record OwnedRenewal
{
    public required CertificateRecord Record { get; init; }

    public required X509Certificate2 Certificate { get; init; }

    /// <summary>As in <see cref="CertificateRenewal.Csr"/>.</summary>
    public CertificateSigningRequest? Csr { get; init; }

    /// <summary>As in <see cref="CertificateRenewal.BurnToken"/>.</summary>
    public UsedToken? BurnToken { get; init; }
}
