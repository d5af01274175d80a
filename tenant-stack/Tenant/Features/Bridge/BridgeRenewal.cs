using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>
/// Renews the MQTT bridge certificate after two thirds of its life, or when the provider has another Intermediate CA, over mTLS with the present one; one that has expired, on the proof of
/// the Sub-CA's key. The key stays: key and certificate are two files that other programs read, and no crash can make a pair of them that
/// does not match.
/// </summary>
internal sealed class BridgeRenewal(
    JoinFiles files, BundleFiles bundleFiles, ProviderLink provider, CertificateAuthority.SubCa subCa, Authority authority, AuditLog audit, TimeProvider time) : IMaintenanceTask
{
    public string Name => "bridge-renewal";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        using var current = Pem.ParseCertificate(bundle.MqttBridgeCert);
        if (time.GetUtcNow() < RenewAt(current) && IsOfTheIntermediateOfNow(current))
        {
            return false;
        }

        var renewed = await RenewAsync(bundle, current, cancellationToken);
        files.WriteBundle(renewed);
        bundleFiles.WriteStale();
        await audit.AppendAsync(new AuditEntry("system", "bridge.renewed", bundle.TenantId), cancellationToken);
        return true;
    }

    private async Task<JoinBundle> RenewAsync(JoinBundle bundle, X509Certificate2 current, CancellationToken cancellationToken)
    {
        using var key = files.ReadBridgeKey() ?? throw new InvalidOperationException($"{files.BridgeKey} is missing.");
        var csr = CertificateSigningRequest.CreatePem(key, new SubjectNames());
        var answer = time.GetUtcNow() < ParsedCertificate.Parse(current.RawData).NotAfter
            ? await RenewAsync(bundle.TenantId, csr, current, key, cancellationToken)
            : await ReissueAsync(bundle.TenantId, csr, key, cancellationToken);
        // Read again: its login may have changed while the provider was asked.
        var renewed = (files.ReadBundle() ?? bundle).WithBridge(answer.MqttBridgeCert, answer.CaChain);
        using var root = provider.TrustedRoot()!;
        var chain = Pem.ParseCertificates(answer.CaChain);
        return (BundleVerifier.RevocationProblem(chain, provider.RevokedIntermediates()) ?? BundleVerifier.BridgeProblem(renewed, key.ExportSubjectPublicKeyInfo(), chain, root, time.GetUtcNow())) is { } problem
            ? throw new InvalidOperationException($"The provider's answer cannot be used: {problem}")
            : renewed;
    }

    private async Task<RenewedBridge> RenewAsync(string tenantId, string csr, X509Certificate2 current, ECDsa key, CancellationToken cancellationToken)
    {
        using var identity = current.CopyWithPrivateKey(key);
        return await provider.CallAsync(client => client.RenewBridgeAsync(tenantId, new RenewBridgeRequest { MqttBridgeCsr = csr }, cancellationToken), identity);
    }

    private async Task<RenewedBridge> ReissueAsync(string tenantId, string csr, ECDsa key, CancellationToken cancellationToken)
    {
        using var ca = subCa.EnsureKey();
        return await provider.CallAsync(client => client.ReissueBridgeAsync(tenantId, new ReissueBridgeRequest
        {
            MqttBridgeCsr = csr,
            Proof = KeyProof.Create(ca, tenantId, client.ReissueBridgeUrl(tenantId), time, new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["spki"] = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo())),
            }),
        }, cancellationToken));
    }

    /// <summary>The tenant's own chain is Sub-CA, Intermediate CA, root, and follows the provider's.</summary>
    private bool IsOfTheIntermediateOfNow(X509Certificate2 certificate) =>
        ParsedCertificate.Parse(certificate.RawData).AuthorityKeyIdentifier is { } issuer
        && issuer.Span.SequenceEqual(IssuerInfo.FromCertificate(authority.Chain.Certificates[^2]).SubjectKeyIdentifier.Span);

    private static DateTimeOffset RenewAt(X509Certificate2 certificate)
    {
        var parsed = ParsedCertificate.Parse(certificate.RawData);
        return parsed.NotBefore + ((parsed.NotAfter - parsed.NotBefore) * 2 / 3);
    }
}
