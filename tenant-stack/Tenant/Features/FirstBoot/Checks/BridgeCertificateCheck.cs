using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Features.FirstBoot.Checks;

/// <summary>The MQTT bridge certificate belongs to the bridge key and chains to the trusted root.</summary>
internal sealed class BridgeCertificateCheck(JoinFiles files, ProviderLink provider, TimeProvider time) : IFirstBootCheck
{
    public string Name => "bridge-certificate";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(Inspect());

    public Task FixAsync(CancellationToken cancellationToken)
    {
        JoinFiles.Write(files.BridgeCertificate, files.ReadBundle()!.MqttBridgeCert, AtomicFile.Public);
        return Task.CompletedTask;
    }

    private string? Inspect()
    {
        var bundle = files.ReadBundle()!;
        using var key = files.ReadBridgeKey()!;
        using var root = provider.TrustedRoot()!;
        try
        {
            if (BundleVerifier.BridgeProblem(bundle, key.ExportSubjectPublicKeyInfo(), Pem.ParseCertificates(bundle.CaChain), root, time.GetUtcNow()) is { } problem)
            {
                throw new StartupException($"{problem}. Restore {files.BridgeKey} and {files.Bundle} from the same backup");
            }
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            throw new StartupException($"{files.Bundle} is damaged: {e.Message}");
        }
        return JoinFiles.ReadText(files.BridgeCertificate) == bundle.MqttBridgeCert ? null : "the bridge certificate is not installed";
    }
}
