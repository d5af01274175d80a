using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>Fetches the provider's list of revoked Sub-CAs.</summary>
internal sealed partial class RevokedSubCaRefresh(RevokedSubCaFile file, ProviderLink provider, ILogger<RevokedSubCaRefresh> log) : IMaintenanceTask
{
    public string Name => "revoked-sub-cas";

    /// <summary>Of the list on disk; -1: there is none.</summary>
    public long KnownNumber => file.TryLoad()?.Number ?? -1;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var list = await provider.CallAsync(client => client.GetRevokedSubCasAsync(cancellationToken));
        var newer = file.Offer(list);
        if (newer && file.ListsThisTenant(list))
        {
            SubCaRevoked();
        }

        return newer;
    }

    /// <summary>The list to hand out: the one on disk, or where that is none or has ended, the provider's. Null while there is none to be had.</summary>
    public async Task<RevokedSubCas?> FindAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (file.TryLoad() is { } known && now < known.NextUpdate)
        {
            return known;
        }

        await TryRunAsync(cancellationToken);
        return file.TryLoad();
    }

    /// <summary>Whether the Sub-CA in use is in the list: the provider's newest where that can be had, else the one on disk.</summary>
    public async Task<bool> ListsThisTenantAsync(bool askProvider, CancellationToken cancellationToken)
    {
        if (askProvider)
        {
            await TryRunAsync(cancellationToken);
        }

        return file.TryLoad() is { } list && file.ListsThisTenant(list);
    }

    private async Task TryRunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is ProviderBusyException or Hosting.StartupException)
        {
            Unavailable(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The provider has revoked this tenant's Sub-CA: devices and operators refuse this server. Ask the provider's admin: the way back is to remove this tenant there, prepare it again, and join with an empty data folder.")]
    private partial void SubCaRevoked();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The list of revoked Sub-CAs could not be fetched: {Reason}")]
    private partial void Unavailable(string reason);
}
