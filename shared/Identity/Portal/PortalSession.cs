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
    /// <summary>The key of the session. It stays in this process: neither the cookie nor a page carries the principal.</summary>
    public const string SessionClaim = "portal_session";
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

    /// <summary>With the session's own claims, so that anti-forgery tokens of pages are those of the session's forms.</summary>
    public ClaimsPrincipal ToPrincipal(PortalSession session)
    {
        var identity = new ClaimsIdentity(session.ToPrincipal().Claims, PortalCookie.Scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(SessionClaim, session.Key));
        identity.AddClaim(new Claim(ClaimTypes.Name, Name));
        identity.AddClaims(Roles.Select(role => new Claim(ClaimTypes.Role, role)));
        identity.AddClaims(Issuer is null ? [] : [new Claim(IssuerClaim, Issuer)]);
        identity.AddClaims(IdentityProvider is null ? [] : [new Claim(IdentityProviderClaim, IdentityProvider)]);
        return new ClaimsPrincipal(identity);
    }
}
