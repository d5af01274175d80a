namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Something that is looked after at intervals, and does nothing while all is well.</summary>
internal interface IUpkeepTask
{
    string Name { get; }

    /// <summary>True when there was something to do and it is done. Throws what it likes; the next interval tries again.</summary>
    Task<bool> RunAsync(CancellationToken cancellationToken);
}
