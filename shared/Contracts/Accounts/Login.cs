namespace IoTPlatform.Contracts.Accounts;

/// <summary><c>POST /portal/login</c>. A class, not a record: it carries a secret.</summary>
public sealed class LoginRequest
{
    public required string Username { get; init; }
    public required string Password { get; init; }

    /// <summary>Of the account's authenticator app, or a recovery code; null: the account has no second factor.</summary>
    public string? Code { get; init; }
}

/// <summary>Field names as in RFC 6749 section 5.1. A class, not a record: it carries a secret.</summary>
public sealed class LoginResponse
{
    public required string AccessToken { get; init; }
    public required string TokenType { get; init; }

    /// <summary>Seconds.</summary>
    public required int ExpiresIn { get; init; }
    public required IReadOnlyList<string> Roles { get; init; }
}
