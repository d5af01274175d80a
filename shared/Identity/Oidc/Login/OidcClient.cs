namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The portal as a client of the identity provider (RFC 6749 section 2: confidential).</summary>
internal sealed record OidcClient
{
    public required string ClientId { get; init; }

    /// <summary>Exactly as registered.</summary>
    public required Uri RedirectUri { get; init; }

    /// <summary>Exactly as registered.</summary>
    public required Uri PostLogoutRedirectUri { get; init; }
}
