namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <summary>A class, not a record: a hash is nothing to print.</summary>
internal sealed class UserInfo
{
    public required string Name { get; init; }

    /// <summary>Empty: no password opens this user.</summary>
    public required string PasswordHash { get; init; }
    public required string[] Tags { get; init; }
}

/// <summary>Always without a password.</summary>
/// <param name="Tags">Comma-separated.</param>
internal sealed record UserOrder(string Tags)
{
    public string PasswordHash { get; } = "";
}
