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
