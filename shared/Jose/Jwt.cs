using System.Text.Json;

namespace IoTPlatform.Jose;

/// <summary>JSON Web Tokens, RFC 7519.</summary>
public static class Jwt
{
    /// <summary>Signs claims (a JsonObject, a dictionary or a record) as a compact JWT with header alg, kid, typ.</summary>
    public static string Sign(object claims, ISignatureKey key, string typ = "JWT")
        => CompactJws.Sign(
            new Dictionary<string, object>(StringComparer.Ordinal) { ["typ"] = typ },
            JsonSerializer.SerializeToUtf8Bytes(claims, claims.GetType()),
            key);
}

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
    public void Check(JwtClaims claims, DateTimeOffset now)
    {
        CheckRequired(claims);
        CheckIssuer(claims);
        CheckAudience(claims);
        CheckDates(claims, now);
        CheckLifetime(claims, now);
    }

    private void CheckRequired(JwtClaims claims)
    {
        foreach (var name in RequiredClaims)
        {
            if (claims[name] is not { } value || value is { ValueKind: System.Text.Json.JsonValueKind.String } text && text.ValueEquals(""u8))
            {
                throw new JoseException(JoseError.MissingClaim, $"The token has no \"{name}\".");
            }
        }
    }

    private void CheckIssuer(JwtClaims claims)
    {
        if (Issuer is not null && claims.Issuer != Issuer)
        {
            throw new JoseException(JoseError.BadIssuer, "The token is from another issuer.");
        }
    }

    private void CheckAudience(JwtClaims claims)
    {
        if (Audiences.Count == 0 && AudienceMatches is null)
        {
            return;
        }

        foreach (var audience in claims.Audience)
        {
            if (Audiences.Contains(audience, StringComparer.Ordinal) || AudienceMatches?.Invoke(audience) == true)
            {
                return;
            }
        }

        throw new JoseException(JoseError.BadAudience, "The token is for another audience.");
    }

    private void CheckDates(JwtClaims claims, DateTimeOffset now)
    {
        // Section 4.1.4: refused on or after "exp".
        if (claims.Expires is { } expires && now - expires >= ClockSkew)
        {
            throw new JoseException(JoseError.Expired, "The token has expired.");
        }

        if (claims.NotBefore - now > ClockSkew || claims.IssuedAt - now > ClockSkew)
        {
            throw new JoseException(JoseError.NotYetValid, "The token is not valid yet.");
        }
    }

    private void CheckLifetime(JwtClaims claims, DateTimeOffset now)
    {
        // The "now" rule holds for tokens that state no beginning, or one long ago.
        if (MaxLifetime is { } longest && (claims.Expires - claims.IssuedAt > longest
            || claims.Expires - claims.NotBefore > longest
            || claims.Expires - now > longest + ClockSkew))
        {
            throw new JoseException(JoseError.LifetimeTooLong, "The token is valid for too long.");
        }
    }
}
