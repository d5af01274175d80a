using System.Security.Cryptography;
using Curve = Org.BouncyCastle.Math.EC.Rfc7748.X25519;

namespace IoTPlatform.Pki;

/// <summary>WireGuard's keys (RFC 7748), which the BCL does not have.</summary>
public static class X25519
{
    public const int KeyLength = 32;

    /// <summary>32 random bytes, clamped as <c>wg genkey</c> does (RFC 7748 section 5).</summary>
    public static byte[] GeneratePrivateKey()
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        Curve.ClampPrivateKey(key);
        return key;
    }

    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != KeyLength)
        {
            throw new CryptographicException("An X25519 private key has 32 bytes.");
        }

        var publicKey = new byte[KeyLength];
        Curve.GeneratePublicKey(privateKey, publicKey);
        return publicKey;
    }

    /// <summary>True for the points with which every agreement is zero (RFC 7748 section 6.1): WireGuard never completes a handshake with such a peer.</summary>
    public static bool IsSmallOrder(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> scalar = stackalloc byte[KeyLength];
        Curve.ClampPrivateKey(scalar);
        return !Curve.CalculateAgreement(scalar, publicKey, stackalloc byte[KeyLength]);
    }
}
