namespace IoTPlatform.CertificateAuthority.Storage;

internal enum LedgerStatus
{
    Stored,
    Exists,
    TokenUsed,
    Revoked,
    SubjectRevoked,
    UnknownCertificate,
    OtherProfile,
}
