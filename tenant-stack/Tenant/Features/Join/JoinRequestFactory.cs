using System.Security.Cryptography;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>The tenant's half of JOIN. The names in the CSRs are for people who read logs: the provider decides the real ones.</summary>
internal sealed class JoinRequestFactory(TenantOptions options, JoinFiles files, SubCaAtBoot subCa, WireGuardServerKey wireGuard)
{
    public JoinRequest Create() => new()
    {
        SubCaCsr = subCa.Key.CreateCsrPem(new SubjectNames { CommonName = $"{options.TenantId ?? "tenant"} Sub-CA" }),
        MqttBridgeCsr = BridgeCsr(),
        WgPubkey = wireGuard.PublicKey,
        KeycloakUrl = options.KeycloakUrl?.AbsoluteUri,
    };

    private string BridgeCsr()
    {
        using var key = files.ReadBridgeKey() ?? throw new CryptographicException("The bridge key is missing.");
        return CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = $"{options.TenantId ?? "tenant"}-mqtt-bridge" });
    }
}
