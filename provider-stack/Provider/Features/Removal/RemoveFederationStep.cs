using IoTPlatform.Provider.Features.Identity;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Removal;

/// <summary>The client first: while it exists, its secret must stay known.</summary>
internal sealed class RemoveFederationStep(IFederationProvisioner federation, FederationSecrets secrets) : IRemovalStep
{
    public string Name => "remove-federation";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        await federation.RemoveClientAsync(input.TenantId, cancellationToken);
        await secrets.ForgetAsync(input.TenantId, cancellationToken);
    }
}
