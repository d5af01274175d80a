using IoTPlatform.Pki;

namespace IoTPlatform.Agent;

/// <summary>An X25519 key pair (RFC 7748) as WireGuard writes it: base64 of 32 bytes each.</summary>
internal sealed class Curve25519KeyPair
{
    private Curve25519KeyPair(byte[] privateKey)
    {
        PrivateKey = Convert.ToBase64String(privateKey);
        PublicKey = Convert.ToBase64String(X25519.PublicKey(privateKey));
    }

    public string PrivateKey { get; }
    public string PublicKey { get; }

    public static Curve25519KeyPair Generate() => new(X25519.GeneratePrivateKey());

    public static Curve25519KeyPair FromPrivateKey(string base64)
    {
        var key = Convert.FromBase64String(base64.Trim());
        return key.Length == X25519.KeyLength ? new(key) : throw new FormatException("a WireGuard key is 32 bytes");
    }
}
