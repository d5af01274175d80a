namespace IoTPlatform.Pki;

/// <summary>The CN of a tenant's MQTT bridge, which is also its broker login.</summary>
public static class MqttBridgeName
{
    /// <summary><c>{tenant}-mqtt-bridge</c>; a tenant id over 52 characters is cut to 19, a dot and 128 bits of its SHA-256.</summary>
    public static string For(string tenant) => TenantCommonName.For(tenant, "-mqtt-bridge");
}
