namespace IoTPlatform.Hosting.Oidc.Login;

/// <summary>Who signed in, as an ID token says.</summary>
internal sealed record IdToken
{
    public required string Subject { get; init; }

    /// <summary>Where the person's account is, when not at the issuer itself: Keycloak's alias of that identity provider.</summary>
    public string? IdentityProvider { get; init; }
}
