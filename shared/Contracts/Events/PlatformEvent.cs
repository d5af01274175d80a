using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>An event that was committed. It is delivered at least once; the id identifies repetitions.</summary>
public abstract record PlatformEvent
{
    /// <summary>What happened, for example <c>tenant.joined</c>. On RabbitMQ the name of the exchange.</summary>
    public abstract string Type { get; }

    /// <summary>The same at every delivery.</summary>
    public required Guid Id { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The tenant on whose own stack it happened, which alone says so. Null: it happened at the provider.</summary>
    public string? Source { get; init; }

    /// <summary>Grows in the order in which the source committed; it has gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>Who caused it, as in the audit log.</summary>
    public required string By { get; init; }

    /// <summary>Null: it concerns no single tenant, or has not left the tenant's own stack yet.</summary>
    public string? TenantId { get; init; }

    /// <summary>Events of one scope are published in order.</summary>
    [JsonIgnore]
    public abstract string Scope { get; }
}
