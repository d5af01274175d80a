using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Features.Broker;

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

    /// <summary>When the bus wakes its workflow again; while that is ahead, another failure schedules no second retry.</summary>
    public DateTimeOffset? WorkflowRetryAt { get; set; }

    /// <summary>Names its limits at the broker.</summary>
    public string Plan { get; set; } = TenantPlans.Standard;
    public DateTimeOffset? SuspendedAt { get; set; }
    public string? SuspendedReason { get; set; }

    /// <summary>When its Sub-CA was revoked so that it makes another key: once since then, its bridge may ask for a Sub-CA that no Sub-CA vouches for. Null: it may not.</summary>
    public DateTimeOffset? RekeySince { get; set; }

    /// <summary>Since when the broker lags behind what was decided; null: it does not.</summary>
    public DateTimeOffset? BrokerDueAt { get; set; }

    /// <summary>Since when the identity provider lags behind what was decided; null: it does not.</summary>
    public DateTimeOffset? FederationDueAt { get; set; }

    /// <summary>Written by <see cref="BridgePresence"/> alone; null if its bridge is not connected or connections are not polled.</summary>
    public DateTimeOffset? BridgeUpSince { get; init; }
}
