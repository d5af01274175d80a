using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker;

internal sealed partial class BrokerReconciler(
    IDbContextFactory<ProviderDb> contexts, TenantLocks locks, TenantBroker broker, ProviderOptions options, TimeProvider time, ILogger<BrokerReconciler> log)
    : DueReconciler(contexts, locks, options, time, "the broker", log)
{
    private readonly ILogger _log = log;

    protected override IQueryable<string> Due(IQueryable<TenantRow> tenants) => tenants.Where(t => t.BrokerDueAt != null).OrderBy(t => t.BrokerDueAt).Select(t => t.TenantId);

    protected override async Task ReconcileAsync(string tenantId, CancellationToken cancellationToken)
    {
        try
        {
            await broker.ReconcileAsync(tenantId, cancellationToken);
            Reconciled(tenantId);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            TenantFailed(e, tenantId);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker now has what was decided for tenant {Tenant}")]
    private partial void Reconciled(string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker does not have what was decided for tenant {Tenant} yet")]
    private partial void TenantFailed(Exception exception, string tenant);
}

internal static class BrokerComparison
{
    /// <summary>Member by member, for a broker that can report all of it.</summary>
    public static IReadOnlyList<BrokerDifference> Of(BrokerTenant expected, BrokerTenant? actual)
    {
        if (actual is null)
        {
            return [new BrokerDifference($"namespace {expected.Namespace}", "present", null)];
        }

        (string What, string Expected, string Actual)[] members =
        [
            ("login", expected.Login, actual.Login),
            ("client id prefix", expected.ClientIdPrefix, actual.ClientIdPrefix),
            ("permissions", expected.Permissions.ToString(), actual.Permissions.ToString()),
            ("publish filters", string.Join(' ', expected.PublishFilters), string.Join(' ', actual.PublishFilters)),
            ("subscribe filters", string.Join(' ', expected.SubscribeFilters), string.Join(' ', actual.SubscribeFilters)),
            ("limits", expected.Limits.ToString(), actual.Limits.ToString()),
            ("suspended", expected.Suspended.ToString(), actual.Suspended.ToString()),
        ];
        return [.. members.Where(m => m.Expected != m.Actual).Select(m => new BrokerDifference($"{m.What} of {expected.Namespace}", m.Expected, m.Actual))];
    }
}
