namespace IoTPlatform.Client;

/// <summary>Which audit entries to list; null leaves a condition out.</summary>
public sealed record AuditFilter
{
    public bool NewestFirst { get; init; }

    /// <summary>An action, or the beginning of one with a star: <c>certificate.*</c>.</summary>
    public string? Action { get; init; }
    public string? Actor { get; init; }
    public string? Subject { get; init; }
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? Until { get; init; }

    /// <summary>Actions that are left out.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];
}
