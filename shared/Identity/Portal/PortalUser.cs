using System.Security.Claims;

namespace IoTPlatform.Identity.Portal;

/// <summary>Who is signed in.</summary>
internal sealed record PortalUser
{
    private const string IssuerClaim = "iss";
    private const string IdentityProviderClaim = "identity_provider";

    public required string Name { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Null: a local account.</summary>
    public string? Issuer { get; init; }

    /// <summary>Null: the account is the issuer's own.</summary>
    public string? IdentityProvider { get; init; }

    public static PortalUser Of(ClaimsPrincipal principal) => new()
    {
        Name = principal.Identity!.Name!,
        Roles = [.. principal.FindAll(ClaimTypes.Role).Select(role => role.Value)],
        Issuer = principal.FindFirst(IssuerClaim)?.Value,
        IdentityProvider = principal.FindFirst(IdentityProviderClaim)?.Value,
    };

    public ClaimsPrincipal ToPrincipal()
    {
        var identity = new ClaimsIdentity(PortalCookie.Scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.Name, Name));
        identity.AddClaims(Roles.Select(role => new Claim(ClaimTypes.Role, role)));
        identity.AddClaims(Issuer is null ? [] : [new Claim(IssuerClaim, Issuer)]);
        identity.AddClaims(IdentityProvider is null ? [] : [new Claim(IdentityProviderClaim, IdentityProvider)]);
        return new ClaimsPrincipal(identity);
    }
}
