using System.Security.Claims;
using System.Text.Json;
using IoTPlatform.Jose;

namespace IoTPlatform.Identity.Oidc;

/// <summary>JWT access tokens (RFC 9068 section 4). The identity has the platform's roles that the token grants, perhaps none.</summary>
internal sealed class AccessTokenHandler(OidcOptions options, ISigningKeys keys, TimeProvider time)
    : IssuerTokenHandler(options, options.Audience, ["iss", "aud", "exp", "sub"], keys, time)
{
    private const int MaxName = 128;
    private readonly bool _isThisHost = options.IsThisHost;

    protected override void RequireType(string? type)
    {
        if (type is not null && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase)
            && !type.Equals("at+jwt", StringComparison.OrdinalIgnoreCase) && !type.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase))
        {
            throw new JoseException(JoseError.Malformed, "The token's \"typ\" is not an access token's.");
        }
    }

    /// <summary>The name of an account or a program of this host as it is; of another issuer's, with <c>oidc:</c>. No local one can have a colon in it, so the audit log never mixes the two up.</summary>
    protected override ClaimsIdentity Identify(JwtClaims claims)
    {
        RequireBearer(claims);
        var identity = new ClaimsIdentity(OidcExtensions.BearerScheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.Name, _isThisHost ? OperatorOf(claims) ?? NameOf(claims) : "oidc:" + NameOf(claims)));
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, claims.Subject!));
        identity.AddClaims(RealmRoles.Of(claims).Select(role => new Claim(ClaimTypes.Role, role)));
        return identity;
    }

    private static void RequireBearer(JwtClaims claims)
    {
        // Keycloak's ID and refresh tokens say so in a claim.
        if (claims["typ"] is not null && claims.GetString("typ") is not "Bearer")
        {
            throw new JoseException(JoseError.Malformed, "The token is not a bearer access token.");
        }

        // RFC 7800: the sender of such a token has to prove possession of a key, which this API does not support.
        if (claims["cnf"] is not null)
        {
            throw new JoseException(JoseError.Malformed, "The token is bound to a key.");
        }
    }

    /// <summary>As who runs <c>iot</c> on the machine: <c>operator:USER</c>. No account and no program can be called so: their names have no colon.</summary>
    private static string? OperatorOf(JwtClaims claims) =>
        claims.GetString("preferred_username") is { } name && name.StartsWith(MachineOperator.Prefix, StringComparison.Ordinal) && IsPlain(name[MachineOperator.Prefix.Length..]) ? name : null;

    /// <summary>Fit for logs and the audit chain.</summary>
    internal static string NameOf(JwtClaims claims) =>
        claims.GetString("preferred_username") is { } name && IsPlain(name) ? name
        : IsPlain(claims.Subject!) ? claims.Subject!
        : throw new JoseException(JoseError.Malformed, "The token's subject is not a plain name.");

    // It goes into logs and the audit chain.
    private static bool IsPlain(string name) => name.Length is > 0 and <= MaxName && name.All(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or '+');
}

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
