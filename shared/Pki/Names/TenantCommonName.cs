using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Pki;

/// <summary>
/// A CN made of a tenant id and a suffix. A CN holds 64 characters (RFC 5280 ub-common-name), so an id too long for that is cut, and a dot
/// (which no tenant id has) and 128 bits of its SHA-256 keep it apart from all others.
/// </summary>
internal static class TenantCommonName
{
    private const int HashLength = 32;

    public static string For(string tenant, string suffix)
    {
        if (tenant.Length + suffix.Length <= NameSyntax.MaxCommonName)
        {
            return tenant + suffix;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant)).AsSpan(0, HashLength / 2));
        return $"{tenant[..(NameSyntax.MaxCommonName - suffix.Length - HashLength - 1)]}.{hash}{suffix}";
    }
}

/// <summary>The CN of a tenant's Sub-CA.</summary>
public static class SubCaName
{
    /// <summary><c>{tenant} Sub-CA</c>; a tenant id over 57 characters is cut to 24, a dot and 128 bits of its SHA-256.</summary>
    public static string For(string tenant) => TenantCommonName.For(tenant, " Sub-CA");
}

/// <summary>The CN of a tenant's MQTT bridge, which is also its broker login.</summary>
public static class MqttBridgeName
{
    /// <summary><c>{tenant}-mqtt-bridge</c>; a tenant id over 52 characters is cut to 19, a dot and 128 bits of its SHA-256.</summary>
    public static string For(string tenant) => TenantCommonName.For(tenant, "-mqtt-bridge");
}

/// <summary>The services that certify themselves from the platform's CAs: CN of the certificate and last segment of its SPIFFE id.</summary>
public static class ServiceNames
{
    public const string ProviderApi = "iot-bridge-api";
    public const string TenantApi = "tenant-iot-bridge-api";

    /// <summary>The provider's broker, or a tenant's.</summary>
    public const string Broker = "rabbitmq";
}
