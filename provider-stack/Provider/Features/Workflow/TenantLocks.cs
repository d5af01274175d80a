using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>The tenant's lock for request handlers.</summary>
internal sealed class TenantLocks(NpgsqlDataSource database)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    /// <summary>Throws 503 <c>tenant_busy</c>.</summary>
    public async Task<TenantLock> AcquireAsync(string tenantId, CancellationToken cancellationToken) =>
        await TenantLock.TryAcquireAsync(database, tenantId, Wait, cancellationToken)
        ?? throw new ProblemException(
            StatusCodes.Status503ServiceUnavailable, "tenant_busy", $"Another call is working on tenant {tenantId}. Try again.", TimeSpan.FromSeconds(2));
}
