namespace IoTPlatform.Contracts;

/// <summary>An error answer, <c>application/problem+json</c> (RFC 9457). <see cref="Code"/> is stable and for programs.</summary>
public sealed record ApiProblem
{
    public string? Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }
    public string? Detail { get; init; }
    public required string Code { get; init; }
}
