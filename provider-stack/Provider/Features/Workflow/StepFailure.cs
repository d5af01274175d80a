using System.Net.Sockets;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>What a failed step tells its caller. Whatever the reason, the workflow waits and is tried again: a JOIN key is never lost to a fault.</summary>
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
