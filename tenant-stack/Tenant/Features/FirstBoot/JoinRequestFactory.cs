using System.Security.Cryptography;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>The tenant's half of JOIN. The CSRs carry no names: with only a JOIN key in hand the tenant does not know its id yet, and the provider decides the names.</summary>
internal sealed class JoinRequestFactory(TenantOptions options, JoinFiles files, SubCaAtBoot subCa, WireGuardServerKey wireGuard)
{
    /// <param name="bridgeKey">Null: the one in the bundle's folder.</param>
    public JoinRequest Create(ECDsa? bridgeKey = null) => new()
    {
        SubCaCsr = subCa.Key.CreateCsrPem(new SubjectNames()),
        MqttBridgeCsr = bridgeKey is null ? BridgeCsr() : CertificateSigningRequest.CreatePem(bridgeKey, new SubjectNames()),
        WgPubkey = wireGuard.PublicKey,
        KeycloakUrl = options.KeycloakUrl?.AbsoluteUri,
        PortalUrl = options.PublicUrl.AbsoluteUri,
    };

    private string BridgeCsr()
    {
        using var key = files.ReadBridgeKey() ?? throw new CryptographicException("The bridge key is missing.");
        return CertificateSigningRequest.CreatePem(key, new SubjectNames());
    }
}
