using IoTPlatform.RabbitMq;


namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>How the provider reaches its RabbitMQ.</summary>
internal sealed record RabbitMqOptions
{
    /// <summary>As a RabbitMQ administrator.</summary>
    public required RabbitMqManagementOptions Management { get; init; }

    /// <summary>Where the platform itself speaks AMQP: scheme amqps, or amqp to loopback; host and port.</summary>
    public required Uri AmqpUrl { get; init; }

    /// <summary>Where the broker reads its own certificate; null: somebody else takes care of it.</summary>
    public string? TlsFolder { get; init; }

    /// <summary>DNS names and addresses of the broker, for that certificate; NameRegistry adds what bundles promise.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}
