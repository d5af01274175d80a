namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <summary>A class, not a record: a hash is nothing to print.</summary>
internal sealed class UserInfo
{
    public required string Name { get; init; }

    /// <summary>Empty: no password opens this user.</summary>
    public required string PasswordHash { get; init; }
    public required string[] Tags { get; init; }
}

/// <param name="tags">Comma-separated.</param>
internal sealed class UserOrder(string tags)
{
    public string Tags { get; } = tags;

    /// <summary>As in <see cref="UserInfo"/>.</summary>
    public string PasswordHash { get; init; } = "";

    /// <summary>Of <see cref="PasswordHash"/>, instead of the broker's default.</summary>
    public string HashingAlgorithm { get; } = "rabbit_password_hashing_sha256";
}
