namespace IoTPlatform.Pki;

/// <summary>A refusal by the certificate code; the message is safe to show to the caller and holds no secret.</summary>
public sealed class PkiException : Exception
{
    public PkiException(PkiError error, string message) : base(message) => Error = error;

    public PkiException(PkiError error, string message, Exception inner) : base(message, inner) => Error = error;

    public PkiError Error { get; }
}

/// <summary>Why a certificate operation was refused.</summary>
public enum PkiError
{
    /// <summary>Not strict DER, not PEM, or not the structure it claims to be.</summary>
    Malformed,
    TooLarge,
    BadSignature,
    /// <summary>RSA below 2048 bits, a bad RSA exponent, a point off its curve.</summary>
    WeakKey,
    /// <summary>A key type, curve or parameter form outside the allow-list.</summary>
    UnsupportedKey,
    WeakHash,
    NameNotAllowed,
    ProfileViolation,
    OutlivesIssuer,
    LintFailed,
    NotACertificateAuthority,
    WrongPassword,
    KeyMissing,
    /// <summary>The key file exists but others may read it, or it is not a regular file.</summary>
    KeyNotProtected,
    /// <summary>The key is not the one the certificate carries.</summary>
    KeyMismatch,
    TokenUsed,
    /// <summary>The prepared certificate was made by another signer.</summary>
    WrongIssuer,
    /// <summary>Input that must never be signed by a CA key in this way.</summary>
    NotSignable,
}
