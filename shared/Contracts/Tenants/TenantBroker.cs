namespace IoTPlatform.Contracts.Tenants;

/// <summary>A difference between the broker and the desired state for a tenant; of a repair, a repaired difference.</summary>
public sealed record BrokerCheck
{
    public required string TenantId { get; init; }
    public required IReadOnlyList<BrokerDifferenceView> Differences { get; init; }

    /// <summary>What was seen not to hold at the broker, for every tenant: only its configuration puts that right. Null: the provider is too old to try it.</summary>
    public IReadOnlyList<BrokerDifferenceView>? Broker { get; init; }
}

public sealed record BrokerDifferenceView
{
    /// <summary>For example <c>permission of acme-mqtt-bridge in acme</c>.</summary>
    public required string What { get; init; }

    /// <summary>Null: it should not be there.</summary>
    public string? Expected { get; init; }

    /// <summary>Null: it is missing.</summary>
    public string? Actual { get; init; }
}

/// <summary><c>POST /portal/admin/tenants/{id}/plan</c>.</summary>
public sealed record ChangePlanRequest
{
    public required string Plan { get; init; }
}

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/suspend</c>.</summary>
public sealed record SuspendTenantRequest
{
    /// <summary>For the audit log, 1 to 500 characters.</summary>
    public required string Reason { get; init; }
}
