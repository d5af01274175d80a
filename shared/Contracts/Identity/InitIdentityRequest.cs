namespace IoTPlatform.Contracts.Identity;

/// <summary><c>POST /portal/admin/identity/init</c>: an administrator of the identity provider, used for this one call. A class, not a record: it carries a secret.</summary>
public sealed class InitIdentityRequest
{
    public required string Username { get; init; }
    public required string Password { get; init; }

    /// <summary>The realm the administrator is in; <c>master</c> unless said otherwise.</summary>
    public string? Realm { get; init; }
}
