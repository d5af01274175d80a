namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>How the provider reaches its RabbitMQ. The password stays a secret setting.</summary>
internal sealed record RabbitMqOptions
{
    /// <summary>Ends with a slash.</summary>
    public required Uri ManagementUrl { get; init; }

    /// <summary>Where the platform itself speaks AMQP: scheme amqps, or amqp to loopback; host and port.</summary>
    public required Uri AmqpUrl { get; init; }

    /// <summary>A RabbitMQ administrator, for the management API only.</summary>
    public required string User { get; init; }

    /// <summary>PEM file of the roots the broker's certificate may come from; null: this provider's own root.</summary>
    public string? CaFile { get; init; }

    /// <summary>Where the broker reads its own certificate; null: somebody else takes care of it.</summary>
    public string? TlsFolder { get; init; }

    /// <summary>DNS names and addresses of the broker, for that certificate.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}
