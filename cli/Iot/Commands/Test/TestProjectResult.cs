namespace IoTPlatform.Iot;

/// <summary>What became of one test project; <see cref="Crash"/> is set when its figures cannot be trusted.</summary>
internal sealed record TestProjectResult
{
    public required string Project { get; init; }
    public int Passed { get; init; }
    public int Failed { get; init; }
    public int Skipped { get; init; }
    public required double DurationMs { get; init; }
    public string? Crash { get; init; }
    public IReadOnlyList<FailedTest> Failures { get; init; } = [];

    /// <summary>Reason and how many tests it kept from running.</summary>
    public IReadOnlyDictionary<string, int> SkipReasons { get; init; } = new Dictionary<string, int>();
}

internal sealed record FailedTest(string Name, string Message, string? StackTrace);
