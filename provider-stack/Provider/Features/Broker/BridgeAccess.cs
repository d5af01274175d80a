using IoTPlatform.Contracts.Devices;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>The access policy of a tenant's MQTT bridge: the permissions granted at every broker.</summary>
internal static class BridgeAccess
{
    public static BrokerTenant For(string tenantId) => new()
    {
        TenantId = tenantId,
        Namespace = tenantId,
        Login = MqttBridgeName.For(tenantId),
        // A dot can't be part of a tenant id, so no tenant's prefix begins another's.
        ClientIdPrefix = tenantId + ".",
        Permissions = new BrokerPermissions(MayPublish: true, MaySubscribe: true, MayRetain: false),
        PublishFilters = ["telemetry/#", "events/#", "status/#", BridgeCommandTopics.Reports],
        SubscribeFilters = ["commands/#"],
        Limits = BrokerLimits.Default,
    };

    /// <param name="tenant">Whose bridge.</param>
    /// <param name="more">That it may publish to, where a broker serves more.</param>
    public static AccessPolicy TopicsOf(BrokerTenant tenant, params string[] more) => new([.. tenant.PublishFilters, .. more], [.. tenant.SubscribeFilters]);
}
