using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Removal;

internal sealed class RemoveBrokerStep(IBrokerProvisioner broker) : IRemovalStep
{
    public string Name => "remove-broker";

    public Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken) => broker.RemoveTenantAsync(input.TenantId, cancellationToken);
}
