using System.Security.Cryptography;
using IoTPlatform.Jose.Keys;

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

/// <summary>ES256, ES384 or ES512 by the key's curve. Owns and disposes the key; safe for concurrent use.</summary>
public sealed class EcSignatureKey(ECDsa key, string? kid = null) : ISignatureKey, IDisposable
{
    private readonly Lock _gate = new();
    private readonly EcCurve _curve = EcCurve.Of(key.ExportParameters(includePrivateParameters: false).Curve);

    public string Algorithm => _curve.Algorithm;

    public string? KeyId { get; } = kid;

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            return key.SignData(data, _curve.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public void Dispose() => key.Dispose();
}
