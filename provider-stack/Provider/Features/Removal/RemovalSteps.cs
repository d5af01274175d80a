using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Removal;

/// <summary>What the removal began with, once more: for one that was begun by an earlier version of the platform.</summary>
internal sealed class RevokeCertificatesStep(IDbContextFactory<ProviderDb> contexts, TenantCertificateRevocation revocation) : IRemovalStep
{
    public string Name => "revoke-certificates";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await revocation.RevokeAllAsync(db, input.TenantId, RemovalReason.Value, "system", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

internal sealed class RemoveBrokerStep(IBrokerProvisioner broker) : IRemovalStep
{
    public string Name => "remove-broker";

    public Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken) => broker.RemoveTenantAsync(input.TenantId, cancellationToken);
}

/// <summary>The client first: while it exists, its secret must stay known.</summary>
internal sealed class RemoveFederationStep(IFederationProvisioner federation, FederationSecrets secrets) : IRemovalStep
{
    public string Name => "remove-federation";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        await federation.RemoveClientAsync(input.TenantId, cancellationToken);
        await secrets.ForgetAsync(input.TenantId, cancellationToken);
    }
}
