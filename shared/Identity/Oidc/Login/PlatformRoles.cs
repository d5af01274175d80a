using System.Text.Json;
using IoTPlatform.Jose;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The claim <c>platform_roles</c> of the provider's ID tokens, and what its staff is at a tenant. Nothing else makes a role.</summary>
public static class PlatformRoles
{
    public const string Claim = "platform_roles";
    public const string Admin = "platform-admin";
    public const string Operator = "platform-operator";

    private const int MaxRoles = 1000;

    internal static IReadOnlyList<string> Of(JwtClaims claims) => claims[Claim] switch
    {
        { ValueKind: JsonValueKind.String } one => Map([one]),
        { ValueKind: JsonValueKind.Array } many when many.GetArrayLength() <= MaxRoles => Map(many.EnumerateArray()),
        null => [],
        _ => throw new JoseException(JoseError.Malformed, "The token's platform_roles is not an array of roles."),
    };

    private static string[] Map(IEnumerable<JsonElement> roles) => [.. roles.Where(role => role.ValueKind == JsonValueKind.String).Select(role => role.GetString() switch
    {
        Admin => Roles.Admin,
        Operator => Roles.Viewer,
        _ => null,
    }).OfType<string>().Distinct(StringComparer.Ordinal)];
}
