using IoTPlatform.Tenant.Features.Join;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Puts back bundle files that somebody changed or deleted.</summary>
internal sealed class BundleDrift(BundleFiles files) : IUpkeepTask
{
    public string Name => "bundle-files";

    public Task<bool> RunAsync(CancellationToken cancellationToken) => Task.FromResult(files.WriteStale() > 0);
}
