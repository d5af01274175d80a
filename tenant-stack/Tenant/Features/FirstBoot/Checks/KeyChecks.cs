using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>The Sub-CA key exists and opens with the CA password. It never leaves this machine.</summary>
internal sealed class SubCaKeyCheck(SubCaAtBoot subCa) : IFirstBootCheck
{
    public string Name => "sub-ca-key";

    // An installed Sub-CA is opened, key and all, by its own check.
    public Task<string?> InspectAsync(CancellationToken cancellationToken) =>
        Task.FromResult(subCa.IsInstalled || subCa.HasKey ? null : "no Sub-CA key has been opened");

    public Task FixAsync(CancellationToken cancellationToken)
    {
        _ = subCa.Key;
        return Task.CompletedTask;
    }
}

/// <summary>The MQTT bridge key exists, PKCS#8, for its owner's eyes only.</summary>
internal sealed class BridgeKeyCheck(JoinFiles files) : IFirstBootCheck
{
    public string Name => "bridge-key";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    public Task FixAsync(CancellationToken cancellationToken)
    {
        using var existing = files.ReadBridgeKey();
        if (existing is null && files.ReadBundle() is not null)
        {
            throw new StartupException($"{files.BridgeKey} is gone, but the provider has certified it. Restore it from a backup; without one, have the provider remove this tenant and join again with an empty data folder");
        }

        using var key = existing is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        JoinFiles.Write(files.BridgeKey, (key ?? existing!).ExportPkcs8PrivateKeyPem() + "\n", AtomicFile.Secret);
        return Task.CompletedTask;
    }

    private string? Inspect()
    {
        try
        {
            using var key = files.ReadBridgeKey();
            if (key is null)
            {
                return "no MQTT bridge key";
            }

            return File.GetUnixFileMode(files.BridgeKey) == AtomicFile.Secret ? null : "others may read the MQTT bridge key";
        }
        catch (CryptographicException e)
        {
            throw new StartupException($"{files.BridgeKey}: {e.Message}. Restore it from a backup; without one, have the provider remove this tenant and join again with an empty data folder");
        }
    }
}

/// <summary>The WireGuard server key exists.</summary>
internal sealed class WireGuardKeyCheck(WireGuardServerKey key) : IFirstBootCheck
{
    public string Name => "wireguard-key";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(key.Exists ? null : "no WireGuard server key");

    public Task FixAsync(CancellationToken cancellationToken)
    {
        key.Create();
        return Task.CompletedTask;
    }
}
