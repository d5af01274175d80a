namespace IoTPlatform.RabbitMq;

/// <summary>How a host reaches the management API of its RabbitMQ. A class, not a record: a password is nothing to print.</summary>
public sealed class RabbitMqManagementOptions
{
    /// <summary>https, or http to loopback; ends with a slash.</summary>
    public required Uri Url { get; init; }

    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>PEM file of the roots the broker's certificate may come from; null: the platform's own root.</summary>
    public string? CaFile { get; init; }
}
