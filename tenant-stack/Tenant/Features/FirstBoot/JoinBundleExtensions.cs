using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;

namespace IoTPlatform.Tenant.Features.FirstBoot;

internal static class JoinBundleExtensions
{
    /// <summary>The same bundle with another bridge certificate and its issuers.</summary>
    public static JoinBundle WithBridge(this JoinBundle bundle, string mqttBridgeCert, string caChain) => bundle.With(mqttBridgeCert, caChain, bundle.Federation(), bundle.Login());

    /// <summary>The same bundle with other credentials for the provider's realm.</summary>
    public static JoinBundle WithFederation(this JoinBundle bundle, FederationCredentials federation) => bundle.With(bundle.MqttBridgeCert, bundle.CaChain, federation, bundle.Login());

    /// <summary>The same bundle with another login of the bridge.</summary>
    public static JoinBundle WithLogin(this JoinBundle bundle, BridgeLogin login) => bundle.With(bundle.MqttBridgeCert, bundle.CaChain, bundle.Federation(), login);

    /// <summary>Null: the provider has no identity provider.</summary>
    public static FederationCredentials? Federation(this JoinBundle bundle) =>
        bundle is { CdmIdpClientId: { } id, CdmIdpClientSecret: { } secret, CdmDiscoveryUrl: { } url }
            ? new() { CdmIdpClientId = id, CdmIdpClientSecret = secret, CdmDiscoveryUrl = url }
            : null;

    /// <summary>Null: when this tenant joined, the provider's broker served none.</summary>
    public static BridgeLogin? Login(this JoinBundle bundle) =>
        bundle is { RabbitmqMqttUrl: { } url, RabbitmqVhost: { } vhost, RabbitmqUser: { } user }
            ? new() { RabbitmqUrl = bundle.RabbitmqUrl, RabbitmqMqttUrl = url, RabbitmqVhost = vhost, RabbitmqUser = user }
            : null;

    private static JoinBundle With(this JoinBundle bundle, string mqttBridgeCert, string caChain, FederationCredentials? federation, BridgeLogin? login) => new()
    {
        TenantId = bundle.TenantId,
        Status = bundle.Status,
        PlatformDomain = bundle.PlatformDomain,
        SignedCert = bundle.SignedCert,
        RootCaCert = bundle.RootCaCert,
        CaChain = caChain,
        RabbitmqUrl = login is null ? bundle.RabbitmqUrl : login.RabbitmqUrl,
        RabbitmqMqttUrl = login is null ? bundle.RabbitmqMqttUrl : login.RabbitmqMqttUrl,
        RabbitmqVhost = login is null ? bundle.RabbitmqVhost : login.RabbitmqVhost,
        RabbitmqUser = login is null ? bundle.RabbitmqUser : login.RabbitmqUser,
        MqttBridgeCert = mqttBridgeCert,
        CdmIdpClientId = federation?.CdmIdpClientId,
        CdmIdpClientSecret = federation?.CdmIdpClientSecret,
        CdmDiscoveryUrl = federation?.CdmDiscoveryUrl,
    };
}
