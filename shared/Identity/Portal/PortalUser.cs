namespace IoTPlatform.Identity.Portal;

/// <summary>Who is signed in.</summary>
internal sealed record PortalUser
{
    public required string Name { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Null: a local account.</summary>
    public string? Issuer { get; init; }

    /// <summary>Null: the account is the issuer's own.</summary>
    public string? IdentityProvider { get; init; }
}
