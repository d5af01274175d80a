namespace IoTPlatform.Contracts.Accounts;

/// <summary><c>POST /portal/login</c>. A class, not a record: it carries a secret.</summary>
public sealed class LoginRequest
{
    public required string Username { get; init; }
    public required string Password { get; init; }
}
