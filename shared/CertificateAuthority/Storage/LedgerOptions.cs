namespace IoTPlatform.CertificateAuthority.Storage;

internal sealed record LedgerOptions
{
    /// <summary>Certificates that may wait; beyond that the answer is 503.</summary>
    public int Capacity { get; init; } = 1024;

    public int MaxBatch { get; init; } = 128;

    /// <summary>Batches under way at once: one fills while the other commits.</summary>
    public int Writers { get; init; } = 2;

    /// <summary>For one batch, connecting included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
