using System.Text.Json;

namespace IoTPlatform.Contracts.Tenants;

/// <summary>One line of a tenant's history.</summary>
public sealed record TenantEventView
{
    public required Guid Id { get; init; }

    /// <summary>For example <c>tenant.joined</c>.</summary>
    public required string Type { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who caused it.</summary>
    public required string By { get; init; }

    /// <summary>The whole event, as it was published.</summary>
    public required JsonElement Event { get; init; }
}
