using System.Security.Claims;

namespace IoTPlatform.Identity.Portal;

/// <summary>Which session, in which store. No record: it would print the token.</summary>
internal sealed class PortalSession(string token, bool isLocal)
{
    private const string Local = "local";
    private const string Provider = "oidc";

    public string Token { get; } = token;

    /// <summary>A local account's; else the identity provider's.</summary>
    public bool IsLocal { get; } = isLocal;

    /// <summary>What the browser's cookie holds, encrypted, and nothing more.</summary>
    public string Key => $"{(IsLocal ? Local : Provider)} {Token}";

    public static PortalSession? Of(string? key) => key?.Split(' ') is [Local or Provider, _] and [var kind, var token] ? new PortalSession(token, kind == Local) : null;

    /// <summary>NameIdentifier is what anti-forgery tokens are bound to: this very session.</summary>
    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, Convert.ToHexStringLower(SessionToken.Hash(Token)))], PortalCookie.Scheme));
}

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
