using System.Buffers.Binary;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Reads a TPM's structures (TPM 2.0 Library, Part 2): big-endian numbers, and buffers with a length before them. Throws <c>badAttestationStatement</c> where they end too early.</summary>
internal ref struct TpmReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    /// <summary>A TPM2B.</summary>
    public ReadOnlySpan<byte> Buffer() => Take(UInt16());

    public ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            throw AttestationObject.Bad("A structure of the TPM ends too early.");
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
