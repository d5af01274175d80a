using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The MQTT bridge key exists, PKCS#8, for its owner's eyes only.</summary>
internal sealed class BridgeKeyCheck(JoinFiles files) : IFirstBootCheck
{
    public string Name => "bridge-key";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    public Task FixAsync(CancellationToken cancellationToken)
    {
        using var existing = files.ReadBridgeKey();
        if (existing is null && files.ReadBundle() is not null)
            throw new StartupException($"{files.BridgeKey} is gone, but the provider has certified it. Restore it from a backup; without one, have the provider remove this tenant and join again with an empty data folder");
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
                return "no MQTT bridge key";
            return File.GetUnixFileMode(files.BridgeKey) == AtomicFile.Secret ? null : "others may read the MQTT bridge key";
        }
        catch (CryptographicException e)
        {
            throw new StartupException($"{files.BridgeKey}: {e.Message}. Restore it from a backup; without one, have the provider remove this tenant and join again with an empty data folder");
        }
    }
}
