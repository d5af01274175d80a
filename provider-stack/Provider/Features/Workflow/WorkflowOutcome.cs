using System.Text.Json.Serialization;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Where a workflow stands after a pass. A message of the bus: public setters, no secrets.</summary>
internal sealed record WorkflowOutcome
{
    public required bool Done { get; init; }

    /// <summary>The step that could not be done, if any.</summary>
    public string? WaitingFor { get; init; }
    public string? Detail { get; init; }
    public int RetryAfterSeconds { get; init; }

    [JsonIgnore]
    public TimeSpan RetryAfter => TimeSpan.FromSeconds(RetryAfterSeconds);

    public static WorkflowOutcome Finished { get; } = new() { Done = true };

    public static WorkflowOutcome Waiting(string step, string detail, TimeSpan retryAfter) =>
        new() { Done = false, WaitingFor = step, Detail = detail, RetryAfterSeconds = (int)Math.Ceiling(retryAfter.TotalSeconds) };
}
