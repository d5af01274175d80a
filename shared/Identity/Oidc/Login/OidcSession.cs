namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Somebody signed in at the identity provider, as this server keeps it. No record: it would print the tokens.</summary>
internal sealed class OidcSession
{
    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>As in the audit log: <c>oidc:…</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where the account is, when not at the issuer itself.</summary>
    public string? IdentityProvider { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Null: the session ends with its access token.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>A hint for the logout.</summary>
    public required string IdToken { get; init; }

    /// <summary>When to ask the identity provider again.</summary>
    public required DateTimeOffset RefreshAt { get; init; }

    /// <summary>Until when the roles are believed without asking.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>When the session ends at the latest.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
