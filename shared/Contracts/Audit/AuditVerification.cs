namespace IoTPlatform.Contracts.Audit;

public sealed record AuditVerification
{
    public required long Entries { get; init; }
    public required bool Intact { get; init; }

    /// <summary>The first sequence number at which the chain does not hold.</summary>
    public long? BrokenAt { get; init; }
    public string? Reason { get; init; }

    /// <summary>Hex hash of the last entry: note it elsewhere to detect a truncated log.</summary>
    public required string Head { get; init; }
}
