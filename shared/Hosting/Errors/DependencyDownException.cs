using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting;

/// <summary>Something that is needed doesn't answer, or answers that it can't now. The message is shown to callers: no addresses, no secrets.</summary>
public sealed class DependencyDownException(string dependency, string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>For example <c>broker</c>.</summary>
    public string Dependency { get; } = dependency;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>For calls outside a workflow: 503 <c>dependency_unavailable</c>.</summary>
    public ProblemException ToProblem() => new(StatusCodes.Status503ServiceUnavailable, "dependency_unavailable", Message, RetryAfter ?? TimeSpan.FromSeconds(5), this);
}
