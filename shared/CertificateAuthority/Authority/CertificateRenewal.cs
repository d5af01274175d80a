using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A renewal: same profile and names as the certificate the caller has just proved to hold the key of.</summary>
public sealed record CertificateRenewal
{
    /// <summary>The certificate presented in TLS, or one whose key signed the request.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>A new key; only the key is taken from it. Null keeps the key.</summary>
    public CertificateSigningRequest? Csr { get; init; }

    /// <summary>The lifetime of the current certificate unless given.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The certificate's CN unless given.</summary>
    public string? Requester { get; init; }

    /// <summary>As in <see cref="IssueRequest.IdempotencyKey"/>.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Of the certificate; one that is stored under another profile is refused.</summary>
    public required CertificateProfile Profile { get; init; }

    public required IssuanceQuota Quota { get; init; }

    /// <summary>A token to be spent in the same commit, where the renewal was asked for with one.</summary>
    public UsedToken? BurnToken { get; init; }
}
