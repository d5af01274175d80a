using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join.Steps;

internal sealed class SignSubCaStep(Authority authority, CertificateOrders orders, IDbContextFactory<ProviderDb> contexts) : IJoinStep
{
    public string Name => "sign-sub-ca";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        var join = input.RequiredJoin;
        var issued = await authority.IssueAsync(orders.SubCa(input.Tenant, join), cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Joins.Where(j => j.JoinId == join.JoinId).ExecuteUpdateAsync(
            s => s.SetProperty(j => j.SubCaSerial, issued.SerialNumber).SetProperty(j => j.CaChain, issued.ChainPem), cancellationToken);
    }
}

internal sealed class BrokerStep(TenantBroker broker) : IJoinStep
{
    public string Name => "broker";

    public Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken) =>
        broker.EnsureAsync(input.Tenant, cancellationToken);
}

internal sealed class SignBridgeStep(Authority authority, CertificateOrders orders, IDbContextFactory<ProviderDb> contexts) : IJoinStep
{
    public string Name => "sign-bridge";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        var join = input.RequiredJoin;
        var issued = await authority.IssueAsync(orders.Bridge(input.Tenant, join), cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Joins.Where(j => j.JoinId == join.JoinId).ExecuteUpdateAsync(
            s => s.SetProperty(j => j.BridgeSerial, issued.SerialNumber), cancellationToken);
    }
}

internal sealed class FederationStep(IFederationProvisioner federation, FederationSecrets secrets, FederationReconciliation reconciliation, IDbContextFactory<ProviderDb> contexts) : IJoinStep
{
    public string Name => "federation";

    public string? NoteOn(WorkflowInput input) =>
        input.Join is { KeycloakUrl: null, PortalUrl: null } ? "not configured: the tenant gave neither keycloak_url nor portal_url. POST /portal/admin/tenants/{id}/federation configures it later" : null;

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        // Left by a JOIN that was taken back: its secret must not be this one's.
        await reconciliation.ReconcileAsync(input.TenantId, cancellationToken);
        if (await ReplacesAnotherAsync(input, cancellationToken))
        {
            await secrets.EnsureOfJoinAsync(input.TenantId, input.RequiredJoin.JoinId, cancellationToken);
            return;
        }

        var secret = await secrets.EnsureAsync(input.TenantId, cancellationToken);
        await federation.EnsureClientAsync(FederationClient.Of(input.TenantId, secret, input.RequiredJoin), input.Tenant.SuspendedAt is not null, cancellationToken);
    }

    /// <summary>While an earlier JOIN stands its client is left alone: this one's secret and redirect URI count once it is confirmed.</summary>
    private async Task<bool> ReplacesAnotherAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Joins.AnyAsync(j => j.TenantId == input.TenantId && j.JoinId != input.RequiredJoin.JoinId && j.ConfirmedAt != null, cancellationToken);
    }
}
