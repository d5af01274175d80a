using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;

namespace IoTPlatform.Tenant.Features.FirstBoot;

internal static class JoinBundleExtensions
{
    /// <summary>The same bundle with another bridge certificate and its issuers.</summary>
    public static JoinBundle WithBridge(this JoinBundle bundle, string mqttBridgeCert, string caChain) => bundle.With(mqttBridgeCert, caChain, bundle.Federation());

    /// <summary>The same bundle with other credentials for the provider's realm.</summary>
    public static JoinBundle WithFederation(this JoinBundle bundle, FederationCredentials federation) => bundle.With(bundle.MqttBridgeCert, bundle.CaChain, federation);

    /// <summary>Null: the provider has no identity provider.</summary>
    public static FederationCredentials? Federation(this JoinBundle bundle) =>
        bundle is { CdmIdpClientId: { } id, CdmIdpClientSecret: { } secret, CdmDiscoveryUrl: { } url }
            ? new() { CdmIdpClientId = id, CdmIdpClientSecret = secret, CdmDiscoveryUrl = url }
            : null;

    private static JoinBundle With(this JoinBundle bundle, string mqttBridgeCert, string caChain, FederationCredentials? federation) => new()
    {
        TenantId = bundle.TenantId,
        Status = bundle.Status,
        PlatformDomain = bundle.PlatformDomain,
        SignedCert = bundle.SignedCert,
        RootCaCert = bundle.RootCaCert,
        CaChain = caChain,
        RabbitmqUrl = bundle.RabbitmqUrl,
        RabbitmqMqttUrl = bundle.RabbitmqMqttUrl,
        RabbitmqVhost = bundle.RabbitmqVhost,
        RabbitmqUser = bundle.RabbitmqUser,
        MqttBridgeCert = mqttBridgeCert,
        CdmIdpClientId = federation?.CdmIdpClientId,
        CdmIdpClientSecret = federation?.CdmIdpClientSecret,
        CdmDiscoveryUrl = federation?.CdmDiscoveryUrl,
    };
}
