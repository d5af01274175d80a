namespace IoTPlatform.CertificateAuthority;

/// <summary>Learns of revoked certificates once the broker lets them in no more: what is connected with one is still connected.</summary>
public interface IRevocationWatcher
{
    /// <summary>Called again after a failure, and with all of them after a start of the host.</summary>
    Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken);
}
