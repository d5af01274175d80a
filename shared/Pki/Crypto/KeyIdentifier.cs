using System.Security.Cryptography;

namespace IoTPlatform.Pki.Crypto;

/// <summary>Key identifiers: the leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 2, method 1).</summary>
internal static class KeyIdentifier
{
    public const int Bytes = 20;

    public static void Write(PublicKeyInfo key, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key.KeyBits, hash);
        hash[..Bytes].CopyTo(destination);
    }

    public static byte[] Of(PublicKeyInfo key)
    {
        var identifier = new byte[Bytes];
        Write(key, identifier);
        return identifier;
    }
}
