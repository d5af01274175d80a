using MassTransit;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Runs a workflow as far as it goes. The message is acknowledged when that is done and a retry, where one is due, is with the bus.</summary>
internal sealed class AdvanceWorkflowConsumer(TenantWorkflow workflow, WorkflowRetries retries, IHostApplicationLifetime host) : IConsumer<AdvanceWorkflow>
{
    public async Task Consume(ConsumeContext<AdvanceWorkflow> context)
    {
        // Not with the message's token: a lost connection to the bus is no reason to stop half-way and record nothing.
        var outcome = await workflow.AdvanceAsync(context.Message.TenantId, host.ApplicationStopping);
        if (!outcome.Done)
            await retries.ScheduleAsync(context.Message, context.ReceiveContext.Redelivered, outcome.RetryAfter, context.CancellationToken);
        if (context.ResponseAddress is not null)
            await context.RespondAsync(outcome);
    }
}
