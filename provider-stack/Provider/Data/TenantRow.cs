using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Provider.Data;

internal sealed class TenantRow
{
    public required string TenantId { get; init; }
    public required string DisplayName { get; set; }
    public required TenantStatus Status { get; set; }
    public string[] DnsDomains { get; set; } = [];
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The join, or the removal, that is under way or was the last.</summary>
    public Guid? WorkflowId { get; set; }

    /// <summary>Grows whenever the workflow's input changes.</summary>
    public int WorkflowRevision { get; set; }
    public DateTimeOffset? WorkflowWokenAt { get; set; }
    public DateTimeOffset? SuspendedAt { get; set; }
    public string? SuspendedReason { get; set; }

    /// <summary>Since when the broker lags behind what was decided; null: it does not.</summary>
    public DateTimeOffset? BrokerDueAt { get; set; }
}
