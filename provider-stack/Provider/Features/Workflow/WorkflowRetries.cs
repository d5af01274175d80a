using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Has a workflow woken again later. However many wake-ups fail, one retry of a tenant is under way at a time.</summary>
internal sealed class WorkflowRetries(IDbContextFactory<ProviderDb> contexts, IRetryDelivery delivery, TimeProvider time)
{
    /// <param name="message">That met the failure.</param>
    /// <param name="isRedelivered">Its first consumer died, perhaps before it had sent the retry that it had noted.</param>
    /// <param name="wanted">After what time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ScheduleAsync(AdvanceWorkflow message, bool isRedelivered, TimeSpan wanted, CancellationToken cancellationToken)
    {
        var delay = delivery.DelayFor(wanted);
        if (await IsDueAsync(message.TenantId, message.IsRetry || isRedelivered, delay, cancellationToken))
        {
            await delivery.SendAsync(message with { IsRetry = true }, delay, cancellationToken);
        }
    }

    private async Task<bool> IsDueAsync(string tenantId, bool replaces, TimeSpan delay, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            return await db.Tenants.Where(t => t.TenantId == tenantId && (replaces || t.WorkflowRetryAt == null || t.WorkflowRetryAt <= now))
                .ExecuteUpdateAsync(s => s.SetProperty(t => t.WorkflowRetryAt, now + delay), cancellationToken) > 0;
        }
        catch (Exception e) when (e is NpgsqlException || DatabaseOutage.Is(e))
        {
            // One retry for this message, whatever others there are.
            return true;
        }
    }
}

/// <summary>Delivers a wake-up later, without a consumer or a thread waiting for it.</summary>
internal interface IRetryDelivery
{
    /// <summary>The delay it has for a wanted one.</summary>
    TimeSpan DelayFor(TimeSpan wanted);

    /// <param name="message">To any consumer.</param>
    /// <param name="delay">One of <see cref="DelayFor"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task SendAsync(AdvanceWorkflow message, TimeSpan delay, CancellationToken cancellationToken);
}
