namespace IoTPlatform.Jose;

/// <summary>A key, token or encrypted object was refused. The message never contains token, key or password material.</summary>
public sealed class JoseException(JoseError error, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public JoseError Error { get; } = error;
}

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
