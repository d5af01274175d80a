using System.Collections.Immutable;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>The platform's own broker: its rights are rows in the platform's database.</summary>
internal sealed class EmbeddedBrokerProvisioner(IDbContextFactory<ProviderDb> contexts, BridgeSessions sessions, TimeProvider time) : IBrokerProvisioner
{
    /// <summary>Under the tenant's lock.</summary>
    public async Task EnsureTenantAsync(BrokerTenant tenant, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await Find(db, tenant.TenantId).SingleOrDefaultAsync(cancellationToken)
            ?? db.BrokerNamespaces.Add(new BrokerNamespaceRow { Name = tenant.Namespace, TenantId = tenant.TenantId, CreatedAt = time.GetUtcNow() }).Entity;
        (row.MaxConnections, row.MaxQueues, row.MaxMessageBytes, row.Suspended) = (tenant.Limits.MaxConnections, tenant.Limits.MaxQueues, tenant.Limits.MaxMessageBytes, tenant.Suspended);
        row.Logins.RemoveAll(l => l.Name != tenant.Login);
        if (row.Logins is not [var login])
        {
            row.Logins.Add(login = new BrokerLoginRow { Name = tenant.Login });
        }

        login.ClientIdPrefix = tenant.ClientIdPrefix;
        (login.MayPublish, login.MaySubscribe, login.MayRetain) = (tenant.Permissions.MayPublish, tenant.Permissions.MaySubscribe, tenant.Permissions.MayRetain);
        var topics = Topics(tenant).ToHashSet();
        login.Topics.RemoveAll(t => !topics.Remove((t.Action, t.Filter)));
        login.Topics.AddRange(topics.Select(t => new BrokerTopicPermissionRow { Action = t.Action, Filter = t.Filter }));
        await db.SaveChangesAsync(cancellationToken);
        if (tenant.Suspended)
        {
            await sessions.CloseAsync(tenant.TenantId, "The tenant is suspended.");
        }
    }

    public async Task RemoveTenantAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.BrokerNamespaces.Where(n => n.TenantId == tenantId).ExecuteDeleteAsync(cancellationToken);
        await sessions.CloseAsync(tenantId, "The tenant was removed.");
    }

    public async Task<IReadOnlyList<BrokerDifference>> CompareAsync(BrokerTenant tenant, CancellationToken cancellationToken) =>
        BrokerComparison.Of(tenant, await InspectAsync(tenant.TenantId, cancellationToken));

    public async Task<BrokerTenant?> InspectAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await Find(db, tenantId).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (row?.Logins.MinBy(l => l.Name, StringComparer.Ordinal) is not { } login)
        {
            return null;
        }

        return new BrokerTenant
        {
            TenantId = tenantId,
            Namespace = row.Name,
            Limits = new BrokerLimits(row.MaxConnections, row.MaxQueues, row.MaxMessageBytes),
            Login = login.Name,
            ClientIdPrefix = login.ClientIdPrefix,
            Permissions = new BrokerPermissions(login.MayPublish, login.MaySubscribe, login.MayRetain),
            PublishFilters = Filters(login, BrokerTopicPermissionRow.Publish),
            SubscribeFilters = Filters(login, BrokerTopicPermissionRow.Subscribe),
            Suspended = row.Suspended,
        };
    }

    private static IQueryable<BrokerNamespaceRow> Find(ProviderDb db, string tenantId) =>
        db.BrokerNamespaces.Include(n => n.Logins).ThenInclude(l => l.Topics).Where(n => n.TenantId == tenantId);

    private static IEnumerable<(string Action, string Filter)> Topics(BrokerTenant tenant) =>
        tenant.PublishFilters.Select(filter => (BrokerTopicPermissionRow.Publish, filter)).Concat(tenant.SubscribeFilters.Select(filter => (BrokerTopicPermissionRow.Subscribe, filter)));

    private static ImmutableSortedSet<string> Filters(BrokerLoginRow login, string action) =>
        [.. login.Topics.Where(t => t.Action == action).Select(t => t.Filter)];
}
