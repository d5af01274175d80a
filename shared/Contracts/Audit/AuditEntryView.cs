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
