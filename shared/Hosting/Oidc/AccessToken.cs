using IoTPlatform.Jose;

namespace IoTPlatform.Hosting.Oidc;

/// <summary>Who an access token speaks for. The token itself is not kept.</summary>
internal sealed record AccessToken
{
    private const int MaxName = 128;

    public required string Subject { get; init; }

    /// <summary><c>oidc:</c> and the user's name. No local account can have a colon in its name, so the audit log never mixes the two up.</summary>
    public required string Name { get; init; }

    /// <summary>Those of the platform's roles that the token grants.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public static AccessToken Of(JwtClaims claims) => new()
    {
        Subject = claims.Subject!,
        Name = "oidc:" + (claims.GetString("preferred_username") is { } name && IsPlain(name) ? name
            : IsPlain(claims.Subject!) ? claims.Subject
            : throw new JoseException(JoseError.Malformed, "The token's subject is not a plain name.")),
        Expires = claims.Expires!.Value,
        Roles = [.. RealmRoles.Of(claims)],
    };

    // It goes into logs and the audit chain.
    private static bool IsPlain(string name) => name.Length is > 0 and <= MaxName && name.All(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or '+');
}
