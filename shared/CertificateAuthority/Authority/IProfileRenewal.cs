namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// A feature that owns a profile, and the only way to renew its certificates: whoever asks at step-ca's endpoints is passed on to it. A profile
/// without an owner is not renewed at all, but for what a one-time token bought.
/// </summary>
public interface IProfileRenewal
{
    /// <summary>Name of the profile.</summary>
    string Profile { get; }

    /// <summary>Throws <c>ProblemException</c> unless the owner of the certificate may have another one now.</summary>
    Task<IssuedCertificate> RenewAsync(OwnedRenewal renewal, CancellationToken cancellationToken);
}
