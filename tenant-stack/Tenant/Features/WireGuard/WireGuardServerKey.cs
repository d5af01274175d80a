using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.WireGuard;

/// <summary>The tenant's WireGuard key pair: <c>wireguard/server.key</c>, base64 as <c>wg</c> reads it, mode 0600.</summary>
internal sealed class WireGuardServerKey(DataFolder folder)
{
    private string? _publicKey;

    public string FilePath => folder.Combine("wireguard", "server.key");

    public bool Exists => JoinFiles.ReadText(FilePath) is not null;

    /// <summary>Base64.</summary>
    public string PublicKey => _publicKey ??= Convert.ToBase64String(X25519.PublicKey(Read()));

    public void Create() => JoinFiles.Write(FilePath, Convert.ToBase64String(X25519.GeneratePrivateKey()) + "\n", AtomicFile.Secret);

    /// <summary>32 bytes.</summary>
    public byte[] Read()
    {
        var key = new byte[X25519.KeyLength + 2];
        return Convert.TryFromBase64String(JoinFiles.ReadText(FilePath)?.Trim() ?? "", key, out var length) && length == X25519.KeyLength
            ? key[..length]
            : throw new StartupException($"{FilePath} holds no WireGuard key. Restore it from a backup, or delete it: a new one is made, and devices learn it with their next renewal");
    }
}

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
