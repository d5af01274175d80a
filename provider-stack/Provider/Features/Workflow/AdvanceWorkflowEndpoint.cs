using IoTPlatform.Provider.Features.Bus;
using MassTransit;

namespace IoTPlatform.Provider.Features.Workflow;

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
        // The database says what there is to do: a wake-up that met a fault is worth nothing any more, nor is news of it.
        endpoint.DiscardFaultedMessages();
        endpoint.DiscardSkippedMessages();
        endpoint.PublishFaults = false;
    }
}
