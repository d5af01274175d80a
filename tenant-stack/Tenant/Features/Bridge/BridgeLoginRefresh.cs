using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>
/// Asks the provider, over mTLS with the bridge certificate, where the bridge logs in: a broker that was moved, or came after this tenant's JOIN, is used
/// from the next connection on.
/// </summary>
internal sealed class BridgeLoginRefresh(JoinFiles files, BundleFiles bundleFiles, ProviderLink provider, AuditLog audit) : IMaintenanceTask
{
    public string Name => "bridge-login";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        if (await FetchAsync(bundle, cancellationToken) is not { } login || login == bundle.Login())
        {
            return false;
        }

        bundleFiles.Replace(bundle, now => now.WithLogin(login));
        await audit.AppendAsync(new AuditEntry("system", "bridge.login_replaced", login.RabbitmqMqttUrl), cancellationToken);
        return true;
    }

    /// <summary>Null: a provider of a version before.</summary>
    private async Task<BridgeLogin?> FetchAsync(JoinBundle bundle, CancellationToken cancellationToken)
    {
        using var identity = files.ReadBridgeIdentity(bundle);
        return (await provider.CallAsync(client => client.GetPlatformAsync(cancellationToken), identity)).Bridge;
    }
}
