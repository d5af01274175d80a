namespace IoTPlatform.Pki;

/// <summary>The public key types the platform certifies. Everything else is refused.</summary>
public enum KeyKind
{
    P256,
    P384,
    P521,
    Rsa2048OrMore,
    /// <summary>RFC 8410; only where the platform can verify it.</summary>
    Ed25519,
}
