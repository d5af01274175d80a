namespace IoTPlatform.Iot;

/// <summary>What to start. A class, not a record: its environment may hold secrets.</summary>
internal sealed class ChildCommand
{
    public required string FileName { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Set over the inherited environment; null removes.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
    public string? WorkingDirectory { get; init; }

    /// <summary>Where stdout and stderr go; null: where ours go.</summary>
    public string? LogFile { get; init; }

    /// <summary>Called with every line of its stdout, which then does not go where ours goes.</summary>
    public Action<string>? OnLine { get; init; }

    /// <summary>SIGTERM when this process dies, however it dies.</summary>
    public bool DiesWithUs { get; init; } = true;
}
