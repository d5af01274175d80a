using IoTPlatform.Hosting;
using IoTPlatform.Pki;


namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>A peer's public key as it is written into <c>wg0.conf</c>: exactly the canonical base64 of 32 bytes, and no point of small order.</summary>
internal static class WireGuardPublicKey
{
    private const int Base64Length = 44;

    public static string Check(string text)
    {
        Span<byte> key = stackalloc byte[X25519.KeyLength + 1];
        var good = text.Length == Base64Length && Convert.TryFromBase64String(text, key, out var length) && length == X25519.KeyLength
            && !X25519.IsSmallOrder(key[..length]) && Convert.ToBase64String(key[..length]) == text;
        return good ? text : throw new ProblemException(400, "invalid_wireguard_key", "wg_public_key is the base64 of a 32-byte Curve25519 public key.");
    }
}
