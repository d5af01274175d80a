using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Removal;

/// <summary>What the removal began with, once more: for one that was begun by an earlier version of the platform.</summary>
internal sealed class RevokeCertificatesStep(IDbContextFactory<ProviderDb> contexts, TimeProvider time) : IRemovalStep
{
    public string Name => "revoke-certificates";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await TenantRevocation.RevokeAllAsync(db, input.TenantId, RemovalReason.Value, "system", time.GetUtcNow(), cancellationToken);
    }
}
