namespace IoTPlatform.Identity;

/// <summary>No record: it would print the hash.</summary>
internal sealed class Account(long id, string username, string passwordHash, string[] roles)
{
    public long Id { get; } = id;

    public string Username { get; } = username;

    public string PasswordHash { get; } = passwordHash;

    public IReadOnlyList<string> Roles { get; } = roles;
}
