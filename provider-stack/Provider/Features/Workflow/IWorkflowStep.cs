using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>
/// One thing a workflow makes so. Ensure looks at the world, not at what was recorded: it may run any number of times, after a
/// crash at any point of itself, and never makes two things.
/// </summary>
internal interface IWorkflowStep
{
    string Name { get; }

    /// <summary>What an operator should know of a step that is done; null: nothing.</summary>
    string? NoteOn(WorkflowInput input) => null;

    Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken);
}
