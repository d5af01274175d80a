namespace IoTPlatform.Jose;

/// <summary>What a JWT must say to be accepted (RFC 7519 section 4.1).</summary>
public sealed record JwtPolicy
{
    public string? Issuer { get; init; }

    /// <summary>One of these must be among the token's audiences. Empty and no <see cref="AudienceMatches"/>: not checked.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [];

    /// <summary>Accepts an audience that isn't in <see cref="Audiences"/>.</summary>
    public Func<string, bool>? AudienceMatches { get; init; }

    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest exp - iat, exp - nbf and exp - now. Null: not checked.</summary>
    public TimeSpan? MaxLifetime { get; init; }

    /// <summary>Claims that must be there, "exp" unless said otherwise.</summary>
    public IReadOnlyList<string> RequiredClaims { get; init; } = ["exp"];

    /// <summary>Throws <see cref="JoseException"/> for the first rule the claims break.</summary>
    public void Check(JwtClaims claims, DateTimeOffset now) => throw new NotImplementedException();
}
