using System.Collections.Immutable;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>Everything a broker holds for one tenant.</summary>
internal sealed record BrokerTenant
{
    public required string TenantId { get; init; }

    /// <summary>RabbitMQ: the vHost.</summary>
    public required string Namespace { get; init; }

    /// <summary>Logs in with its certificate only; equal to that certificate's CN.</summary>
    public required string Login { get; init; }

    /// <summary>Client ids are global on RabbitMQ, so each must begin with this.</summary>
    public required string ClientIdPrefix { get; init; }
    public required BrokerPermissions Permissions { get; init; }

    /// <summary>MQTT topic filters the login may publish to. None: nothing.</summary>
    public required ImmutableSortedSet<string> PublishFilters { get; init; }

    /// <summary>MQTT topic filters the login may subscribe to, or to parts of. None: nothing.</summary>
    public required ImmutableSortedSet<string> SubscribeFilters { get; init; }
    public required BrokerLimits Limits { get; init; }

    /// <summary>Everything is kept, but logins are refused and connections are closed.</summary>
    public bool Suspended { get; init; }
}

/// <summary>Makes the broker what the tenant's row says. Callers hold the tenant's lock.</summary>
internal sealed class TenantBroker(IBrokerProvisioner broker, TenantPlans plans, IDbContextFactory<ProviderDb> contexts)
{
    /// <summary>Access is for tenants that join or have joined, unless they are suspended. A broker need not see revocations.</summary>
    public static bool IsSuspended(TenantRow tenant) => tenant.SuspendedAt is not null || tenant.Status is not (TenantStatus.Joining or TenantStatus.Joined or TenantStatus.Active);

    /// <summary>What was due for the tenant as it was read is done with it.</summary>
    public async Task EnsureAsync(TenantRow tenant, CancellationToken cancellationToken)
    {
        await broker.EnsureTenantAsync(Desired(tenant), cancellationToken);
        await ClearDueAsync(tenant, cancellationToken);
    }

    /// <summary>What a repair would change. Nothing is expected of a broker that knows nothing of a tenant which never got that far.</summary>
    public async Task<IReadOnlyList<BrokerDifference>> CompareAsync(TenantRow tenant, CancellationToken cancellationToken) =>
        await IsUnknownAndMayBeAsync(tenant, cancellationToken) ? [] : await broker.CompareAsync(Desired(tenant), cancellationToken);

    public async Task ReconcileAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == tenantId, cancellationToken) is not { Status: not TenantStatus.Removing } tenant)
        {
            return;
        }
        // A tenant that may join finds everything made but its way in: making a vHost is the longest part of a JOIN.
        if (tenant.Status is TenantStatus.Prepared || !await IsUnknownAndMayBeAsync(tenant, cancellationToken))
        {
            await EnsureAsync(tenant, cancellationToken);
        }
        else
        {
            await ClearDueAsync(tenant, cancellationToken);
        }
    }

    /// <summary>Only what was seen: a later decision is due on its own.</summary>
    private async Task ClearDueAsync(TenantRow tenant, CancellationToken cancellationToken)
    {
        if (tenant.BrokerDueAt is null)
        {
            return;
        }

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Tenants.Where(t => t.TenantId == tenant.TenantId && t.BrokerDueAt == tenant.BrokerDueAt)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.BrokerDueAt, (DateTimeOffset?)null), cancellationToken);
    }

    private BrokerTenant Desired(TenantRow tenant) => BridgeAccess.For(tenant.TenantId) with { Limits = plans.LimitsOf(tenant.Plan), Suspended = IsSuspended(tenant) };

    private async Task<bool> IsUnknownAndMayBeAsync(TenantRow tenant, CancellationToken cancellationToken) =>
        tenant.Status is not (TenantStatus.Joined or TenantStatus.Active) && await broker.InspectAsync(tenant.TenantId, cancellationToken) is null;
}
