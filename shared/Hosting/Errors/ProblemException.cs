using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting;

/// <summary>The one error of the features: thrown anywhere, translated once at the edge to <c>application/problem+json</c> (RFC 9457). The detail is shown to the caller.</summary>
public sealed class ProblemException : Exception
{
    public ProblemException(int status, string code, string detail, TimeSpan? retryAfter = null, Exception? inner = null) : base(detail, inner)
    {
        Status = status;
        Code = code;
        RetryAfter = retryAfter;
    }

    /// <summary>HTTP status, 400 to 599.</summary>
    public int Status { get; }

    /// <summary>Stable, snake_case, for programs.</summary>
    public string Code { get; }

    public TimeSpan? RetryAfter { get; }
}

/// <summary>Something that is needed doesn't answer, or answers that it can't now. The message is shown to callers: no addresses, no secrets.</summary>
public sealed class DependencyDownException(string dependency, string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>For example <c>broker</c>.</summary>
    public string Dependency { get; } = dependency;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>For calls outside a workflow: 503 <c>dependency_unavailable</c>.</summary>
    public ProblemException ToProblem() => new(StatusCodes.Status503ServiceUnavailable, "dependency_unavailable", Message, RetryAfter ?? TimeSpan.FromSeconds(5), this);
}
