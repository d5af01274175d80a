namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>The bus message that wakes a tenant's workflow, be it a JOIN or a removal. Losing it loses nothing.</summary>
internal sealed record AdvanceWorkflow
{
    public required string TenantId { get; init; }
}
