using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>What one pass of a workflow works on, read at its beginning.</summary>
/// <param name="Join">Null in a removal of a tenant that never joined.</param>
internal sealed record WorkflowInput(TenantRow Tenant, JoinRow? Join)
{
    public string TenantId => Tenant.TenantId;

    public Guid WorkflowId => Tenant.WorkflowId ?? throw new InvalidOperationException($"Tenant {TenantId} has no workflow.");

    public JoinRow RequiredJoin => Join ?? throw new InvalidOperationException($"Tenant {TenantId} has no join.");
}
