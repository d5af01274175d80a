using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Join.Steps;

internal sealed class BrokerStep(TenantBroker broker) : IJoinStep
{
    public string Name => "broker";

    public Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken) =>
        broker.EnsureAsync(input.Tenant, cancellationToken);
}
