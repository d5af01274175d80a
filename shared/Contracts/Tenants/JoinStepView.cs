namespace IoTPlatform.Contracts.Tenants;

public sealed record JoinStepView
{
    public required string Step { get; init; }
    public required int Attempts { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Milliseconds the successful attempt took.</summary>
    public double? DurationMs { get; init; }
    public string? LastError { get; init; }

    /// <summary>What an operator should know of a step that is done.</summary>
    public string? Note { get; init; }
}
