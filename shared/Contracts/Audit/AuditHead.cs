namespace IoTPlatform.Contracts.Audit;

/// <summary>How far an audit log has come: what another stack keeps, so that the log cannot be rewritten behind it.</summary>
public sealed record AuditHead
{
    public required long Sequence { get; init; }

    /// <summary>Hex SHA-256 of the entry with that number.</summary>
    public required string Hash { get; init; }
}
