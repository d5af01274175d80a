namespace IoTPlatform.Database;

/// <summary>Which entries of the audit log, and in which order.</summary>
public sealed record AuditQuery
{
    public const int MaxLimit = 500;

    public bool NewestFirst { get; init; }

    /// <summary>Exclusive: later sequence numbers than this, or earlier ones with <see cref="NewestFirst"/>.</summary>
    public long? Cursor { get; init; }

    /// <summary>An action, or the beginning of one with a star: <c>certificate.*</c>.</summary>
    public string? Action { get; init; }

    public string? Actor { get; init; }

    public string? Subject { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Actions that are left out.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    public int Limit { get; init; } = 100;
}
