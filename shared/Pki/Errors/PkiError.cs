namespace IoTPlatform.Pki;

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
