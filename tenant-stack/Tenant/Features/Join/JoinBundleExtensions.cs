using IoTPlatform.Contracts.Join;

namespace IoTPlatform.Tenant.Features.Join;

internal static class JoinBundleExtensions
{
    /// <summary>The same bundle with another bridge certificate.</summary>
    public static JoinBundle WithBridge(this JoinBundle bundle, string mqttBridgeCert) => new()
    {
        TenantId = bundle.TenantId,
        Status = bundle.Status,
        PlatformDomain = bundle.PlatformDomain,
        SignedCert = bundle.SignedCert,
        RootCaCert = bundle.RootCaCert,
        CaChain = bundle.CaChain,
        RabbitmqUrl = bundle.RabbitmqUrl,
        RabbitmqMqttUrl = bundle.RabbitmqMqttUrl,
        RabbitmqVhost = bundle.RabbitmqVhost,
        RabbitmqUser = bundle.RabbitmqUser,
        MqttBridgeCert = mqttBridgeCert,
        CdmIdpClientId = bundle.CdmIdpClientId,
        CdmIdpClientSecret = bundle.CdmIdpClientSecret,
        CdmDiscoveryUrl = bundle.CdmDiscoveryUrl,
    };
}
