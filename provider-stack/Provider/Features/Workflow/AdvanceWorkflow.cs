namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>The bus message that wakes a tenant's workflow, be it a JOIN or a removal, in any provider process. Losing it loses nothing.</summary>
// Public, or MassTransit takes it for a temporary type and its exchange does not outlive the broker.
public sealed record AdvanceWorkflow
{
    public required string TenantId { get; init; }

    /// <summary>Sent because an earlier one met a failure.</summary>
    public bool IsRetry { get; init; }
}
