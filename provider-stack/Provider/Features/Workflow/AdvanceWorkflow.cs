using IoTPlatform.Provider.Features.Bus;
using MassTransit;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>The bus message that wakes a tenant's workflow, be it a JOIN or a removal, in any provider process. Losing it loses nothing.</summary>
// Public, or MassTransit takes it for a temporary type and its exchange does not outlive the broker.
public sealed record AdvanceWorkflow
{
    public required string TenantId { get; init; }

    /// <summary>Sent because an earlier one met a failure.</summary>
    public bool IsRetry { get; init; }
}

/// <summary>Runs a workflow as far as it goes. The message is acknowledged when that is done and a retry, where one is due, is with the bus.</summary>
internal sealed class AdvanceWorkflowConsumer(TenantWorkflow workflow, WorkflowRetries retries, IHostApplicationLifetime host) : IConsumer<AdvanceWorkflow>
{
    public async Task Consume(ConsumeContext<AdvanceWorkflow> context)
    {
        // Not with the message's token: a lost connection to the bus is no reason to stop half-way and record nothing.
        var outcome = await workflow.AdvanceAsync(context.Message.TenantId, host.ApplicationStopping);
        if (!outcome.Done)
        {
            await retries.ScheduleAsync(context.Message, context.ReceiveContext.Redelivered, outcome.RetryAfter, context.CancellationToken);
        }

        if (context.ResponseAddress is not null)
        {
            await context.RespondAsync(outcome);
        }
    }
}

/// <summary>The queue of wake-ups, which the consumers of all provider processes share.</summary>
internal sealed class AdvanceWorkflowEndpoint : ConsumerDefinition<AdvanceWorkflowConsumer>
{
    public AdvanceWorkflowEndpoint()
    {
        EndpointName = BusVhost.Workflow;
        ConcurrentMessageLimit = 16;
    }

    protected override void ConfigureConsumer(IReceiveEndpointConfigurator endpoint, IConsumerConfigurator<AdvanceWorkflowConsumer> consumer, IRegistrationContext context)
    {
        // The database has the pending work: a wake-up that failed can be dropped, and so can its fault message.
        endpoint.DiscardFaultedMessages();
        endpoint.DiscardSkippedMessages();
        endpoint.PublishFaults = false;
    }
}
