namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>One signed certificate waiting for its commit.</summary>
internal sealed class LedgerEntry
{
    private readonly TaskCompletionSource<LedgerOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public required byte[] Serial { get; init; }

    public required string Subject { get; init; }

    /// <summary>One name a line.</summary>
    public required string Sans { get; init; }

    public required string Issuer { get; init; }

    public required byte[] IssuerKeyId { get; init; }

    public required string Profile { get; init; }

    public required string Provisioner { get; init; }

    public required string Requester { get; init; }

    public string? Tenant { get; init; }

    /// <summary>A renewal's is that of the certificate it follows.</summary>
    public string? Lineage { get; init; }

    public IssuanceQuota? Quota { get; init; }

    /// <summary>With a quota: how many certificates the subject may have from <see cref="RecentSince"/> on, this one included.</summary>
    public int? RecentLimit { get; init; }

    public DateTimeOffset? RecentSince { get; init; }

    /// <summary>JSON of <c>ca.judge_budgets</c>; null: none.</summary>
    public string? Budgets { get; init; }

    public required byte[] PublicKeySha256 { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required byte[] Der { get; init; }

    /// <summary>Serial number of the certificate this one follows.</summary>
    public byte[]? Renews { get; init; }

    public string? IdempotencyKey { get; init; }

    public UsedToken? Token { get; init; }

    /// <summary>JSON for the audit log.</summary>
    public required string Details { get; init; }

    /// <summary>It was signed before this ledger began, in the place of one that was lost.</summary>
    public bool IsFromBefore { get; init; }

    public CancellationToken Cancellation { get; init; }

    public Task<LedgerOutcome> Completion => _done.Task;

    public void Complete(LedgerOutcome outcome) => _done.TrySetResult(outcome);

    public void Fail(Exception error) => _done.TrySetException(error);

    public void Cancel() => _done.TrySetCanceled(Cancellation);
}

/// <summary>A CA certificate that is about to be signed.</summary>
internal sealed record Intent(byte[] Serial, string Subject, string Profile, string Issuer, byte[] TbsSha256, string Requester, string? IdempotencyKey);
