using System.Diagnostics;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>
/// Runs a tenant's unfinished workflow. Desired state is in the database, actual state in the other systems: a pass runs every step's
/// Ensure again, also those recorded as done, and finishes only if its input has not changed meanwhile.
/// </summary>
internal sealed partial class TenantWorkflow(
    TenantLocks locks,
    IDbContextFactory<ProviderDb> contexts,
    IEnumerable<IJoinStep> joinSteps,
    IEnumerable<IRemovalStep> removalSteps,
    WorkflowEnds ends,
    ProviderOptions options,
    TimeProvider time,
    ILogger<TenantWorkflow> log)
{
    private const int MaxPasses = 5;
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(5);

    /// <summary>Never throws for what a step needs and lacks: that is an outcome.</summary>
    public async Task<WorkflowOutcome> AdvanceAsync(string tenantId, CancellationToken cancellationToken)
    {
        try
        {
            await using var held = await locks.TryAcquireAsync(tenantId, LockWait, cancellationToken);
            if (held is null)
            {
                return WorkflowOutcome.Waiting("lock", "Another call is working on this tenant.", TimeSpan.FromSeconds(1));
            }

            for (var pass = 0; pass < MaxPasses; pass++)
            {
                if (await PassAsync(held, tenantId, cancellationToken) is { } outcome)
                {
                    return outcome;
                }
            }

            return WorkflowOutcome.Waiting("input", "The tenant's data keeps changing.", TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is NpgsqlException or DbUpdateException || DatabaseOutage.Is(e))
        {
            DatabaseFailed(e, tenantId);
            return WorkflowOutcome.Waiting("database", "The database does not answer.", TimeSpan.FromSeconds(2));
        }
    }

    /// <summary>Null if the input changed meanwhile: run again.</summary>
    private async Task<WorkflowOutcome?> PassAsync(TenantLock held, string tenantId, CancellationToken cancellationToken)
    {
        if (await ReadAsync(tenantId, cancellationToken) is not { } input)
        {
            return WorkflowOutcome.Finished;
        }

        IEnumerable<IWorkflowStep> steps;
        switch (input.Tenant.Status)
        {
            case TenantStatus.Joining: steps = joinSteps; break;
            case TenantStatus.Removing: steps = removalSteps; break;
            default: return WorkflowOutcome.Finished;
        }

        foreach (var step in steps)
        {
            if (await TryAsync(held, input, step, cancellationToken) is { } failure)
            {
                return failure;
            }
        }

        return await ends.FinishAsync(held, input, cancellationToken) ? WorkflowOutcome.Finished : null;
    }

    private async Task<WorkflowOutcome?> TryAsync(TenantLock held, WorkflowInput input, IWorkflowStep step, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        using var span = WorkflowTrace.Start(input, step);
        using var timeout = new CancellationTokenSource(options.StepTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await step.EnsureAsync(input, either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            var failure = StepFailure.Of(step.Name, e);
            span?.SetStatus(ActivityStatusCode.Error, failure.Detail);
            StepFailed(e, input.TenantId, step.Name, failure.Detail);
            await StepRecord.FailedAsync(held, input, step.Name, failure.Detail, cancellationToken);
            return WorkflowOutcome.Waiting(step.Name, failure.Detail, failure.RetryAfter);
        }

        await StepRecord.DoneAsync(held, input, step.Name, time.GetUtcNow(), time.GetElapsedTime(start), cancellationToken);
        return null;
    }

    private async Task<WorkflowInput?> ReadAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await (
            from tenant in db.Tenants.AsNoTracking()
            where tenant.TenantId == tenantId
            join row in db.Joins.AsNoTracking() on tenant.WorkflowId equals row.JoinId into rows
            from row in rows.DefaultIfEmpty()
            select new { tenant, row }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : new WorkflowInput(found.tenant, found.row);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Workflow of tenant {Tenant}: step {Step} could not be done: {Detail}")]
    private partial void StepFailed(Exception exception, string tenant, string step, string detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Workflow of tenant {Tenant} stopped: the database failed")]
    private partial void DatabaseFailed(Exception exception, string tenant);
}

/// <summary>One span for each step of a workflow.</summary>
internal static class WorkflowTrace
{
    public const string Name = "IoTPlatform.Workflow";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Null where no trace is taken.</summary>
    public static Activity? Start(WorkflowInput input, IWorkflowStep step) =>
        Source.StartActivity("workflow " + step.Name)?.SetTag("iot.tenant", input.TenantId).SetTag("iot.workflow", input.WorkflowId.ToString()).SetTag("iot.step", step.Name);
}
