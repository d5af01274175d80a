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
