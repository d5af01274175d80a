namespace IoTPlatform.Contracts.Identity;

/// <summary>RFC 6749 section 5.1. A class, not a record: it carries secrets.</summary>
public sealed class IssuedTokens
{
    public required string AccessToken { get; init; }

    /// <summary>Seconds.</summary>
    public required int ExpiresIn { get; init; }

    /// <summary>Null: a program asks again with its own credentials.</summary>
    public string? RefreshToken { get; init; }
}

/// <summary>What is read of a discovery document (OpenID Connect Discovery 1.0 section 3).</summary>
public sealed record IssuerDocument
{
    public required string Issuer { get; init; }

    public string? AuthorizationEndpoint { get; init; }
}

/// <summary>RFC 8628 section 3.2. A class, not a record: it carries a secret.</summary>
public sealed class DeviceAuthorization
{
    public required string DeviceCode { get; init; }
    public required string UserCode { get; init; }
    public required string VerificationUri { get; init; }
    public string? VerificationUriComplete { get; init; }

    /// <summary>Seconds.</summary>
    public required int ExpiresIn { get; init; }

    /// <summary>Seconds between two questions; null: five.</summary>
    public int? Interval { get; init; }
}
