namespace IoTPlatform.Iot;

internal sealed record TestTotal(int Passed, int Failed, int Skipped, int Crashed)
{
    /// <summary>Something ran, and nothing failed or crashed.</summary>
    public bool IsGood => Failed == 0 && Crashed == 0 && Passed > 0;

    public static TestTotal Of(IReadOnlyCollection<TestProjectResult> results) => new(
        results.Sum(result => result.Passed), results.Sum(result => result.Failed), results.Sum(result => result.Skipped), results.Count(result => result.Crash is not null));
}
