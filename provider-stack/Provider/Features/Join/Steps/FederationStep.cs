using IoTPlatform.Provider.Features.Identity;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Join.Steps;

internal sealed class FederationStep(IFederationProvisioner federation, FederationSecrets secrets) : IJoinStep
{
    public string Name => "federation";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        var client = new FederationClient
        {
            TenantId = input.TenantId,
            ClientId = FederationClient.IdOf(input.TenantId),
            Secret = await secrets.EnsureAsync(input.TenantId, cancellationToken),
            RedirectUri = FederationClient.RedirectUriOf(input.TenantId, input.RequiredJoin.KeycloakUrl),
        };
        await federation.EnsureClientAsync(client, cancellationToken);
    }
}
