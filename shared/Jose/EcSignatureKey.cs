using System.Security.Cryptography;

namespace IoTPlatform.Jose;

/// <summary>ES256, ES384 or ES512 by the key's curve. Owns and disposes the key; safe for concurrent use.</summary>
public sealed class EcSignatureKey(ECDsa key, string? kid = null) : ISignatureKey, IDisposable
{
    public string Algorithm => throw new NotImplementedException();

    public string? KeyId { get; } = kid;

    public byte[] Sign(ReadOnlySpan<byte> data) => throw new NotImplementedException();

    public void Dispose() => key.Dispose();
}
