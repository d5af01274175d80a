using System.Text.Json.Serialization;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using MassTransit;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>How a request handler wakes a workflow and waits for it, whichever process does the work.</summary>
internal sealed class WorkflowClient(IBusControl bus, ProviderOptions options)
{
    /// <summary>False: the bus did not come within the time that a call may wait. At start it comes within moments, and a broker that was started again within seconds.</summary>
    public async Task<bool> BecomesReadyAsync(CancellationToken cancellationToken) =>
        bus.CheckHealth().Status == BusHealthStatus.Healthy
        || await bus.WaitForHealthStatus(BusHealthStatus.Healthy, options.WorkflowTimeout).WaitAsync(cancellationToken) == BusHealthStatus.Healthy;

    /// <summary>Returns once the workflow is done; otherwise throws 503 <c>dependency_unavailable</c>. The workflow continues by itself.</summary>
    public async Task AdvanceAsync(string tenantId, CancellationToken cancellationToken)
    {
        var outcome = await BecomesReadyAsync(cancellationToken)
            ? await AskAsync(tenantId, cancellationToken)
            : WorkflowOutcome.Waiting("bus", "The platform's message bus does not answer.", TimeSpan.FromSeconds(5));
        if (!outcome.Done)
        {
            throw new ProblemException(
                StatusCodes.Status503ServiceUnavailable, "dependency_unavailable",
                $"Not done yet ({outcome.WaitingFor}): {outcome.Detail} It continues by itself; ask again later.",
                TimeSpan.FromSeconds(Math.Max(1, outcome.RetryAfterSeconds)));
        }
    }

    public Task WakeAsync(string tenantId, CancellationToken cancellationToken) =>
        bus.Publish(new AdvanceWorkflow { TenantId = tenantId }, cancellationToken);

    private async Task<WorkflowOutcome> AskAsync(string tenantId, CancellationToken cancellationToken)
    {
        try
        {
            var client = bus.CreateRequestClient<AdvanceWorkflow>(RequestTimeout.After(ms: (int)options.WorkflowTimeout.TotalMilliseconds));
            // The wake-up outlives the caller: without this, the broker would drop it when the caller stops waiting.
            return (await client.GetResponse<WorkflowOutcome>(
                new AdvanceWorkflow { TenantId = tenantId }, request => request.UseExecute(context => context.TimeToLive = null), cancellationToken)).Message;
        }
        catch (RequestException e) when (!cancellationToken.IsCancellationRequested)
        {
            var why = e is RequestTimeoutException ? "It takes longer than a call can wait." : "The workflow met an unexpected fault.";
            return WorkflowOutcome.Waiting("workflow", why, TimeSpan.FromSeconds(5));
        }
    }
}

/// <summary>Where a workflow stands after a pass. A message of the bus: public setters, no secrets.</summary>
internal sealed record WorkflowOutcome
{
    public required bool Done { get; init; }

    /// <summary>The step that could not be done, if any.</summary>
    public string? WaitingFor { get; init; }
    public string? Detail { get; init; }
    public int RetryAfterSeconds { get; init; }

    [JsonIgnore]
    public TimeSpan RetryAfter => TimeSpan.FromSeconds(RetryAfterSeconds);

    public static WorkflowOutcome Finished { get; } = new() { Done = true };

    public static WorkflowOutcome Waiting(string step, string detail, TimeSpan retryAfter) =>
        new() { Done = false, WaitingFor = step, Detail = detail, RetryAfterSeconds = (int)Math.Ceiling(retryAfter.TotalSeconds) };
}
