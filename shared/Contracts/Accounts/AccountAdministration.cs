namespace IoTPlatform.Contracts.Accounts;

/// <summary><c>GET /portal/admin/accounts</c>: a local account.</summary>
public sealed record AccountView
{
    public required string Username { get; init; }
    public required IReadOnlyList<string> Roles { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null: it is not disabled.</summary>
    public DateTimeOffset? DisabledAt { get; init; }

    /// <summary>What the account asks for beside the password: <c>totp</c>, <c>passkey</c>. Empty: nothing.</summary>
    public required IReadOnlyList<string> SecondFactors { get; init; }

    /// <summary>Until then its person may choose a password by the link; null: there is no link.</summary>
    public DateTimeOffset? InvitedUntil { get; init; }

    /// <summary>Null: not in the last 90 days.</summary>
    public DateTimeOffset? LastLogin { get; init; }
}

/// <summary>All of them.</summary>
public sealed record AccountList
{
    public required IReadOnlyList<AccountView> Items { get; init; }
}

/// <summary><c>POST /portal/admin/accounts</c>.</summary>
public sealed record AddAccountRequest
{
    public required string Username { get; init; }
    public required IReadOnlyList<string> Roles { get; init; }
}

/// <summary><c>POST /portal/admin/accounts/{username}/roles</c>.</summary>
public sealed record ChangeRolesRequest
{
    public required IReadOnlyList<string> Roles { get; init; }
}

/// <summary>Where a person chooses a password, once. A class, not a record: whoever has the link has the account.</summary>
public sealed class AccountInvitation
{
    public required string Username { get; init; }
    public required string Url { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary><c>POST /portal/admin/accounts/{username}/sign-in-link</c>: signs the account's person in at the portal, once. A class, not a record: the address is a secret and must not be printed.</summary>
public sealed class SignInLink
{
    public required string Url { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}
