using IoTPlatform.Database;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>Twice a day, exchanges heads of the audit logs with the provider, over mTLS with the bridge certificate.</summary>
internal sealed class AuditAnchoring(JoinFiles files, ProviderLink provider, AuditAnchors anchors) : IMaintenanceTask
{
    private const string Provider = "provider";

    public string Name => "audit-anchor";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (!await anchors.IsDueAsync(Provider, cancellationToken))
        {
            return false;
        }

        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        using var identity = files.ReadBridgeIdentity(bundle);
        var ours = await anchors.HeadAsync(cancellationToken);
        var theirs = await provider.CallAsync(client => client.AnchorAuditAsync(bundle.TenantId, ours, cancellationToken), identity);
        await anchors.RecordAsync(Provider, theirs, cancellationToken);
        return true;
    }
}
