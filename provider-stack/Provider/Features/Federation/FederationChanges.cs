using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>A tenant's client at the identity provider, put right and given another secret. Safe to repeat when the identity provider was down.</summary>
internal sealed class FederationChanges(ProviderDb db, TenantLocks locks, FederationSecrets secrets, IFederationProvisioner federation, AuditLog audit) : IGuarded
{
    public static string Policy => Policies.Admin;

    /// <summary>
    /// The new secret becomes the tenant's once the identity provider has it; a repetition continues with the same one. Throws as <see cref="StandingJoin.RequireAsync"/>.
    /// </summary>
    /// <returns>It, for an operator who brings it to the tenant; the tenant fetches it by itself.</returns>
    public async Task<string> RotateSecretAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var (join, suspended) = await StandingJoin.RequireAsync(db, tenantId, cancellationToken);
        var next = await secrets.PrepareNextAsync(tenantId, cancellationToken);
        await federation.EnsureClientAsync(FederationClient.Of(tenantId, next, join), suspended, cancellationToken);
        await secrets.PromoteNextAsync(tenantId, cancellationToken);
        await audit.AppendAsync(new AuditEntry(admin, "federation.secret_rotated", tenantId), cancellationToken);
        return next;
    }

    /// <summary>The client as it should be, with the secret of now. Throws as <see cref="StandingJoin.RequireAsync"/>.</summary>
    public async Task RepairAsync(string tenantId, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        await using var held = await locks.AcquireAsync(tenantId, cancellationToken);
        var (join, suspended) = await StandingJoin.RequireAsync(db, tenantId, cancellationToken);
        await federation.EnsureClientAsync(FederationClient.Of(tenantId, await secrets.EnsureAsync(tenantId, cancellationToken), join), suspended, cancellationToken);
        await audit.AppendAsync(new AuditEntry(admin, "federation.repaired", tenantId), cancellationToken);
    }
}
