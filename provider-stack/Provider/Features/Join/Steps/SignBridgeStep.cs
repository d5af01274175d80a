using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join.Steps;

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
