using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Agent;

/// <summary>The device's WireGuard key and wg-quick file; the private key is filled in here, because it never leaves the device.</summary>
internal static class WireGuardFiles
{
    public static string? PublicKey(DeviceFolder folder, Enrollment enrollment)
    {
        if (enrollment.WireGuardPublicKey is { } given)
            return given;
        if (!enrollment.WithWireGuard)
            return null;
        if (folder.Read(folder.WireGuardKeyPath) is { } known)
            return Curve25519KeyPair.FromPrivateKey(known).PublicKey;
        var pair = Curve25519KeyPair.Generate();
        folder.WriteSecret(folder.WireGuardKeyPath, pair.PrivateKey + "\n");
        return pair.PublicKey;
    }

    public static void Save(DeviceFolder folder, WireGuardConfiguration? configuration)
    {
        if (configuration is null)
            return;
        var privateKey = folder.Read(folder.WireGuardKeyPath)?.Trim();
        folder.WriteSecret(folder.WireGuardPath, privateKey is null ? configuration.Configuration : Fill(configuration.Configuration, privateKey));
    }

    internal static string Fill(string configuration, string privateKey) =>
        string.Join('\n', configuration.Split('\n').Select(line => IsPrivateKey(line) ? $"PrivateKey = {privateKey}" : line.TrimEnd('\r')));

    private static bool IsPrivateKey(string line) => line.Split('=')[0].Trim().Equals("PrivateKey", StringComparison.OrdinalIgnoreCase);
}
