namespace IoTPlatform.CertificateAuthority;

/// <summary>A feature for which more hangs on a certificate than the certificate: whoever revokes one of the profile, at whichever endpoint, is passed on to it.</summary>
public interface IProfileRevocation
{
    /// <summary>Name of the profile.</summary>
    string Profile { get; }

    /// <summary>Throws <c>ProblemException</c> unless it may be revoked, so, now.</summary>
    Task<RevocationOutcome> RevokeAsync(OwnedRevocation revocation, CancellationToken cancellationToken);
}
