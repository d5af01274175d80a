namespace IoTPlatform.CertificateAuthority.Storage;

internal sealed record LedgerOptions
{
    /// <summary>Certificates that may wait; beyond that the answer is 503.</summary>
    public int Capacity { get; init; } = 1024;

    public int MaxBatch { get; init; } = 128;

    /// <summary>Batches under way at once. One: while it commits, the next fills; more only make batches smaller, and they meet again at the audit log's lock.</summary>
    public int Writers { get; init; } = 1;

    /// <summary>For one batch, connecting and a second attempt included. Leaves room below 10 s for Npgsql's own cancel request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(6);
}
