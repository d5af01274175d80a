namespace IoTPlatform.Provider.Features.Identity.Keycloak;

/// <summary>What the platform knows of a tenant's client. A class, not a record: it carries a credential.</summary>
internal sealed class FederationRegistration(string redirectUri, string? token)
{
    /// <summary>With which the client was asked for.</summary>
    public string RedirectUri { get; } = redirectUri;

    /// <summary>The registration access token: reads, changes and deletes this one client. Null: not known.</summary>
    public string? Token { get; } = token;
}
