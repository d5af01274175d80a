namespace IoTPlatform.Pki;

/// <summary>Collects findings; allocates only when there are some.</summary>
internal sealed class LintReport
{
    private List<LintFinding>? _findings;

    public IReadOnlyList<LintFinding> Findings => _findings ?? (IReadOnlyList<LintFinding>)[];

    public void Add(string code, string message) => (_findings ??= []).Add(new LintFinding(code, message));

    public void AddUnless(bool holds, string code, string message)
    {
        if (!holds)
        {
            Add(code, message);
        }
    }
}
