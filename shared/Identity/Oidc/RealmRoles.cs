using System.Text.Json;
using IoTPlatform.Jose;

namespace IoTPlatform.Identity.Oidc;

/// <summary>Keycloak's realm roles: <c>{"realm_access":{"roles":[…]}}</c>. Roles in any other claim are not roles.</summary>
internal static class RealmRoles
{
    private const int MaxRoles = 1000;

    public static IEnumerable<string> Of(JwtClaims claims)
    {
        if (claims["realm_access"] is not { ValueKind: JsonValueKind.Object } access || !access.TryGetProperty("roles", out var roles))
        {
            return [];
        }

        return roles.ValueKind == JsonValueKind.Array && roles.GetArrayLength() <= MaxRoles
            ? roles.EnumerateArray().Where(role => role.ValueKind == JsonValueKind.String).Select(role => role.GetString()!).Intersect(Roles.All, StringComparer.Ordinal)
            : throw new JoseException(JoseError.Malformed, "The token's realm_access.roles is not an array of roles.");
    }
}
