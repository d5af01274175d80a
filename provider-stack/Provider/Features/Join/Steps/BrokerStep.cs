using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Join.Steps;

internal sealed class BrokerStep(IBrokerProvisioner broker) : IJoinStep
{
    public string Name => "broker";

    public Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken) =>
        broker.EnsureTenantAsync(TenantBroker.Desired(input.Tenant), cancellationToken);
}
