namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The bundle's files for other programs are there and say what the bundle says.</summary>
internal sealed class BundleFilesCheck(BundleFiles files) : IFirstBootCheck
{
    public string Name => "bundle-files";

    public Task<string?> InspectAsync(CancellationToken cancellationToken)
    {
        var stale = files.Stale();
        return Task.FromResult(stale.Count == 0 ? null : $"to be written: {string.Join(", ", stale.Select(f => f.Name))}");
    }

    public Task FixAsync(CancellationToken cancellationToken)
    {
        files.WriteStale();
        return Task.CompletedTask;
    }
}
