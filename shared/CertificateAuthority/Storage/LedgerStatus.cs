namespace IoTPlatform.CertificateAuthority.Storage;

internal enum LedgerStatus
{
    Stored,
    Exists,
    TokenUsed,
    Revoked,
    SubjectRevoked,
    LineageRevoked,
    SubjectQuota,
    TenantQuota,
    UnknownCertificate,
    OtherProfile,
}
