using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Issues, renews and revokes. Every answer is given after the commit that stores it. Refusals are <c>ProblemException</c>:
/// 400 <c>profile_violation</c>, 401 <c>token_used</c>, <c>certificate_revoked</c>, <c>certificate_refused</c>,
/// 409 <c>idempotency_conflict</c>, 503 <c>database_unavailable</c>, <c>overloaded</c>.
/// Don't call it inside a transaction of your own that has appended to the audit log: the ledger waits for the same lock.
/// </summary>
public sealed class Authority
{
    internal Authority() { }

    /// <summary>The active issuer first, the root last.</summary>
    public CertificateChain Chain => throw new NotImplementedException();

    public IssuerSet Issuers => throw new NotImplementedException();

    /// <summary>SHA-256 of the root, lower-case hex.</summary>
    public string RootFingerprint => throw new NotImplementedException();

    public Task<IssuedCertificate> IssueAsync(IssueRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IssuedCertificate> RenewAsync(CertificateRenewal renewal, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<RevocationOutcome> RevokeAsync(Revocation revocation, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The certificates this call revoked.</summary>
    public Task<IReadOnlyList<byte[]>> RevokeSubjectAsync(SubjectRevocation revocation, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Lets a revoked subject have certificates again; those revoked stay revoked. False if it was not revoked.</summary>
    public Task<bool> ReinstateSubjectAsync(CertificateProfile profile, string subject, string by, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<CertificateRecord?> FindAsync(byte[] serial, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<CertificatePage> ListAsync(CertificateQuery query, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Switches to other issuers between two certificates. The old signer is disposed once nothing uses it.</summary>
    public void UseIssuers(IssuerSet issuers) => throw new NotImplementedException();
}
