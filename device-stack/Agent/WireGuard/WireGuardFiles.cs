using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Agent;

/// <summary>The device's WireGuard key and wg-quick file; the private key is filled in here, because it never leaves the device.</summary>
internal static class WireGuardFiles
{
    public static string? PublicKey(DeviceFolder folder, Enrollment enrollment)
    {
        if (enrollment.WireGuardPublicKey is { } given)
        {
            return given;
        }

        if (!enrollment.WithWireGuard)
        {
            return null;
        }

        if (folder.Read(folder.WireGuardKeyPath) is { } known)
        {
            return Curve25519KeyPair.FromPrivateKey(known).PublicKey;
        }

        var pair = Curve25519KeyPair.Generate();
        folder.WriteSecret(folder.WireGuardKeyPath, pair.PrivateKey + "\n");
        return pair.PublicKey;
    }

    public static void Save(DeviceFolder folder, WireGuardConfiguration? configuration)
    {
        if (configuration is null)
        {
            return;
        }

        var privateKey = folder.Read(folder.WireGuardKeyPath)?.Trim();
        folder.WriteSecret(folder.WireGuardPath, privateKey is null ? configuration.Configuration : Fill(configuration.Configuration, privateKey));
    }

    internal static string Fill(string configuration, string privateKey) =>
        string.Join('\n', configuration.Split('\n').Select(line => IsPrivateKey(line) ? $"PrivateKey = {privateKey}" : line.TrimEnd('\r')));

    private static bool IsPrivateKey(string line) => line.Split('=')[0].Trim().Equals("PrivateKey", StringComparison.OrdinalIgnoreCase);
}

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
