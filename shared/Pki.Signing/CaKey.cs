namespace IoTPlatform.Pki.Signing;

/// <summary>A CA's private key in memory. Thread-safe.</summary>
public sealed class CaKey : IDisposable
{
    private CaKey() { }

    public KeyKind Kind { get; }

    /// <summary>DER.</summary>
    public byte[] SubjectPublicKeyInfo => throw new NotImplementedException();

    /// <summary>JOSE name of <see cref="SignProof"/>'s algorithm: ES256, ES384 or ES512.</summary>
    public string ProofAlgorithm => throw new NotImplementedException();

    /// <summary>P-256, P-384 or P-521.</summary>
    public static CaKey Generate(KeyKind kind) => throw new NotImplementedException();

    public string CreateCsrPem(SubjectNames names) => throw new NotImplementedException();

    /// <summary>Signs a JOSE signing input as r||s; refuses anything that could be a DER structure, so that a proof can never be a certificate.</summary>
    public byte[] SignProof(ReadOnlySpan<byte> joseSigningInput) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
