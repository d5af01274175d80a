using IoTPlatform.Contracts;

namespace IoTPlatform.Client;

/// <summary>The server answered, and refused. <see cref="Code"/> is stable; <see cref="Exception.Message"/> is the server's detail.</summary>
public sealed class ApiException(ApiProblem problem, TimeSpan? retryAfter = null) : Exception(problem.Detail ?? problem.Title)
{
    public ApiProblem Problem { get; } = problem;
    public int Status => Problem.Status;
    public string Code => Problem.Code;

    /// <summary>How long the server asked to wait (RFC 9110 section 10.2.3), if it did.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The server's clock when it answered (RFC 9110 section 6.6.1).</summary>
    public DateTimeOffset? ServerTime { get; init; }

    /// <summary>Trying the same call later can help: 408, 425, 429, 500, 502, 503, 504.</summary>
    public bool IsTransient => Status is 408 or 425 or 429 or 500 or 502 or 503 or 504;
}
