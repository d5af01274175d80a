using System.Collections.Immutable;

namespace IoTPlatform.Provider.Features.Messaging;

/// <summary>Everything a broker holds for one tenant.</summary>
internal sealed record BrokerTenant
{
    public required string TenantId { get; init; }

    /// <summary>RabbitMQ: the vHost.</summary>
    public required string Namespace { get; init; }

    /// <summary>Logs in with its certificate only; equal to that certificate's CN.</summary>
    public required string Login { get; init; }

    /// <summary>Client ids are global on RabbitMQ, so each must begin with this.</summary>
    public required string ClientIdPrefix { get; init; }
    public required BrokerPermissions Permissions { get; init; }

    /// <summary>MQTT topic filters the login may publish to. None: nothing.</summary>
    public required ImmutableSortedSet<string> PublishFilters { get; init; }

    /// <summary>MQTT topic filters the login may subscribe to, or to parts of. None: nothing.</summary>
    public required ImmutableSortedSet<string> SubscribeFilters { get; init; }
    public required BrokerLimits Limits { get; init; }

    /// <summary>Everything stays, but nobody gets in and nobody is left in.</summary>
    public bool Suspended { get; init; }
}
