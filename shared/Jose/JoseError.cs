namespace IoTPlatform.Jose;

/// <summary>Why a JOSE object was refused.</summary>
public enum JoseError
{
    Malformed,
    AlgorithmNotAllowed,
    UnknownKey,
    BadSignature,
    Expired,
    NotYetValid,
    BadAudience,
    BadIssuer,
    MissingClaim,
    LifetimeTooLong,
    DecryptionFailed,
    KeyNotAllowed,
}
