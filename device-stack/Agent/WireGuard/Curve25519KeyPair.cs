using System.Security.Cryptography;

namespace IoTPlatform.Agent;

/// <summary>An X25519 key pair (RFC 7748) as WireGuard writes it: base64 of 32 bytes each.</summary>
internal sealed class Curve25519KeyPair
{
    private const int Size = 32;

    private Curve25519KeyPair(byte[] privateKey)
    {
        PrivateKey = Convert.ToBase64String(privateKey);
        PublicKey = Convert.ToBase64String(LibCrypto.X25519PublicKey(privateKey));
    }

    public string PrivateKey { get; }
    public string PublicKey { get; }

    public static Curve25519KeyPair Generate()
    {
        var key = RandomNumberGenerator.GetBytes(Size);
        // Clamped as "wg genkey" does (RFC 7748 section 5), so that every implementation reads the same scalar.
        key[0] &= 248;
        key[31] = (byte)((key[31] & 127) | 64);
        return new Curve25519KeyPair(key);
    }

    public static Curve25519KeyPair FromPrivateKey(string base64)
    {
        var key = Convert.FromBase64String(base64.Trim());
        return key.Length == Size ? new Curve25519KeyPair(key) : throw new FormatException("a WireGuard key is 32 bytes");
    }
}
