using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.Join;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>
/// Renews the MQTT bridge certificate after two thirds of its life, over mTLS with the present one. The key stays: key and
/// certificate are two files that other programs read, and no crash can make a pair of them that does not match.
/// </summary>
internal sealed class BridgeRenewal(JoinFiles files, BundleFiles bundleFiles, ProviderLink provider, AuditLog audit, TimeProvider time) : IUpkeepTask
{
    public string Name => "bridge-renewal";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        using var current = Pem.ParseCertificate(bundle.MqttBridgeCert);
        if (time.GetUtcNow() < RenewAt(current))
            return false;
        var renewed = await RenewAsync(bundle, current, cancellationToken);
        files.WriteBundle(renewed);
        bundleFiles.WriteStale();
        await audit.AppendAsync(new AuditEntry("system", "bridge.renewed", bundle.TenantId), cancellationToken);
        return true;
    }

    private async Task<JoinBundle> RenewAsync(JoinBundle bundle, X509Certificate2 current, CancellationToken cancellationToken)
    {
        using var key = files.ReadBridgeKey() ?? throw new InvalidOperationException($"{files.BridgeKey} is missing.");
        using var identity = current.CopyWithPrivateKey(key);
        var csr = CertificateSigningRequest.CreatePem(key, new SubjectNames());
        var answer = await provider.CallAsync(client => client.RenewBridgeAsync(bundle.TenantId, new RenewBridgeRequest { MqttBridgeCsr = csr }, cancellationToken), identity);
        var renewed = bundle.WithBridge(answer.MqttBridgeCert);
        using var root = provider.TrustedRoot()!;
        return BundleVerifier.BridgeProblem(renewed, key.ExportSubjectPublicKeyInfo(), Pem.ParseCertificates(answer.CaChain), root, time.GetUtcNow()) is { } problem
            ? throw new InvalidOperationException($"The provider's answer cannot be used: {problem}")
            : renewed;
    }

    private static DateTimeOffset RenewAt(X509Certificate2 certificate) =>
        certificate.NotBeforeUtc() + (certificate.NotAfterUtc() - certificate.NotBeforeUtc()) * 2 / 3;
}
