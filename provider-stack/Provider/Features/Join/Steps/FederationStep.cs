using IoTPlatform.Provider.Features.Identity;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Join.Steps;

internal sealed class FederationStep(IFederationProvisioner federation, FederationSecrets secrets) : IJoinStep
{
    public string Name => "federation";

    public string? NoteOn(WorkflowInput input) =>
        !federation.IsServed ? "none: this provider has no identity provider" :
        input.Join is { KeycloakUrl: null } ? "not configured: the tenant gave no keycloak_url. POST /portal/admin/tenants/{id}/federation configures it later" : null;

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        if (!federation.IsServed)
            return;
        var secret = await secrets.EnsureAsync(input.TenantId, cancellationToken);
        await federation.EnsureClientAsync(FederationClient.Of(input.TenantId, secret, input.RequiredJoin.KeycloakUrl), cancellationToken);
    }
}
