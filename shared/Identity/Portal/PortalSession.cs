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
