using System.Net.Sockets;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>
/// One step of a workflow. Ensure inspects the actual state, not the record: it may run any number of times, also after a
/// crash at any point, and never creates a second object.
/// </summary>
internal interface IWorkflowStep
{
    string Name { get; }

    /// <summary>What an operator should know of a step that is done; null: nothing.</summary>
    string? NoteOn(WorkflowInput input) => null;

    Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken);
}

/// <summary>A step of JOIN; they run in the order of registration.</summary>
internal interface IJoinStep : IWorkflowStep;

/// <summary>A step of removing a tenant; they run in the order of registration.</summary>
internal interface IRemovalStep : IWorkflowStep;

/// <summary>What one pass of a workflow works on, read at its beginning.</summary>
/// <param name="Join">Null in a removal of a tenant that never joined.</param>
internal sealed record WorkflowInput(TenantRow Tenant, JoinRow? Join)
{
    public string TenantId => Tenant.TenantId;

    public Guid WorkflowId => Tenant.WorkflowId ?? throw new InvalidOperationException($"Tenant {TenantId} has no workflow.");

    public JoinRow RequiredJoin => Join ?? throw new InvalidOperationException($"Tenant {TenantId} has no join.");
}

/// <summary>The answer of a failed step to the caller. Whatever the reason, the workflow waits and is retried: a fault never costs a JOIN key.</summary>
internal sealed record StepFailure(string Detail, TimeSpan RetryAfter)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(30);

    public static StepFailure Of(string step, Exception exception) => exception switch
    {
        DependencyDownException down => new(down.Message, down.RetryAfter ?? Soon),
        ProblemException { Status: >= 500 } problem => new(problem.Message, problem.RetryAfter ?? Soon),
        ProblemException problem => new(problem.Message, Later),
        OperationCanceledException or TimeoutException => new($"Step {step} took too long.", Soon),
        _ when exception is NpgsqlException || DatabaseOutage.Is(exception) => new("The database does not answer.", Soon),
        HttpRequestException or IOException or SocketException => new($"What step {step} needs does not answer.", Soon),
        // Text of an unknown exception may hold anything: the log has it, the caller gets the step's name.
        _ => new($"Step {step} failed.", Later),
    };
}
