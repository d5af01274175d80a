namespace IoTPlatform.Contracts.Audit;

public sealed record AuditEntryView
{
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Actor { get; init; }

    /// <summary>Dotted verb, for example <c>certificate.issued</c> or <c>join.key_refused</c>.</summary>
    public required string Action { get; init; }
    public required string Subject { get; init; }

    /// <summary>JSON object; never a secret.</summary>
    public required string Details { get; init; }

    /// <summary>Hex SHA-256 of this entry chained to the one before.</summary>
    public required string Hash { get; init; }
}

/// <summary>How far an audit log has come: what another stack keeps, so that the log cannot be rewritten behind it.</summary>
public sealed record AuditHead
{
    public required long Sequence { get; init; }

    /// <summary>Hex SHA-256 of the entry with that number.</summary>
    public required string Hash { get; init; }
}

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
