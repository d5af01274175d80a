using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Writes <c>provider.join_steps</c> for the holder of the tenant's lock. Each call is a transaction of its own, after the step's effect.</summary>
internal static class StepRecord
{
    /// <summary>A step recorded as done stays so: running it again only checks that the actual state still agrees.</summary>
    public static async Task DoneAsync(TenantLock held, WorkflowInput input, string step, DateTimeOffset at, TimeSpan took, CancellationToken cancellationToken)
    {
        await using var db = held.CreateContext();
        var row = await FindOrAddAsync(db, input, step, cancellationToken);
        if (row.CompletedAt is not null)
        {
            return;
        }

        row.Attempts++;
        row.CompletedAt = at;
        row.DurationMs = took.TotalMilliseconds;
        row.LastError = null;
        await db.SaveChangesAsync(cancellationToken);
    }

    public static async Task FailedAsync(TenantLock held, WorkflowInput input, string step, string error, CancellationToken cancellationToken)
    {
        await using var db = held.CreateContext();
        var row = await FindOrAddAsync(db, input, step, cancellationToken);
        row.Attempts++;
        row.CompletedAt = null;
        row.DurationMs = null;
        row.LastError = error;
        await db.SaveChangesAsync(cancellationToken);
    }

    private static async Task<JoinStepRow> FindOrAddAsync(ProviderDb db, WorkflowInput input, string step, CancellationToken cancellationToken) =>
        await db.JoinSteps.FindAsync([input.WorkflowId, step], cancellationToken)
        ?? db.JoinSteps.Add(new JoinStepRow { WorkflowId = input.WorkflowId, TenantId = input.TenantId, Step = step }).Entity;
}
