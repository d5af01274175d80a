using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Pki;

/// <summary>The CN of a tenant's MQTT bridge, which is also its broker login.</summary>
public static class MqttBridgeName
{
    private const string Suffix = "-mqtt-bridge";

    /// <summary>
    /// <c>{tenant}-mqtt-bridge</c>. A CN holds 64 characters, so a tenant id over 52 is cut to 19, a dot (which no tenant id has) and
    /// 128 bits of its SHA-256.
    /// </summary>
    public static string For(string tenant)
    {
        if (tenant.Length + Suffix.Length <= NameSyntax.MaxCommonName)
        {
            return tenant + Suffix;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant)).AsSpan(0, 16));
        return $"{tenant[..19]}.{hash}{Suffix}";
    }
}
