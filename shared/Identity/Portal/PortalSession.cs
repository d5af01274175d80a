using System.Security.Claims;

namespace IoTPlatform.Identity.Portal;

/// <summary>What the browser's cookie says, and nothing more: which session, in which store. No record: it would print the token.</summary>
internal sealed class PortalSession(string token, bool isLocal)
{
    private const string TokenClaim = "session";
    private const string KindClaim = "kind";

    public string Token { get; } = token;

    /// <summary>A local account's; else the identity provider's.</summary>
    public bool IsLocal { get; } = isLocal;

    /// <summary>NameIdentifier is what anti-forgery tokens are bound to: this very session.</summary>
    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity(
        [
            new Claim(TokenClaim, Token),
            new Claim(KindClaim, IsLocal ? "local" : "oidc"),
            new Claim(ClaimTypes.NameIdentifier, Convert.ToHexStringLower(SessionToken.Hash(Token))),
        ],
        PortalCookie.Scheme));

    public static PortalSession? Of(ClaimsPrincipal? principal) =>
        principal?.FindFirst(TokenClaim)?.Value is { } token && principal.FindFirst(KindClaim)?.Value is { } kind ? new PortalSession(token, kind == "local") : null;
}
