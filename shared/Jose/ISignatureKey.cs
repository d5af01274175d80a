namespace IoTPlatform.Jose;

/// <summary>A private key that makes JWS signatures with one algorithm.</summary>
public interface ISignatureKey
{
    /// <summary>JWS "alg" value, RFC 7518 section 3.1.</summary>
    string Algorithm { get; }

    string? KeyId { get; }

    /// <summary>Signature in JOSE form: r||s in fixed width for EC keys (RFC 7518 section 3.4).</summary>
    byte[] Sign(ReadOnlySpan<byte> data);
}
