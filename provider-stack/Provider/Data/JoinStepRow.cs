namespace IoTPlatform.Provider.Data;

internal sealed class JoinStepRow
{
    public required Guid WorkflowId { get; init; }
    public required string TenantId { get; init; }
    public required string Step { get; init; }
    public int Attempts { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public double? DurationMs { get; init; }
    public string? LastError { get; init; }
}
