namespace IoTPlatform.Contracts;

/// <summary>One page of a list. <see cref="NextCursor"/> is null on the last page; otherwise it is the <c>cursor</c> of the next request.</summary>
public sealed record Page<T>
{
    public required IReadOnlyList<T> Items { get; init; }
    public string? NextCursor { get; init; }
}
