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

/// <summary>One thing a certificate has that its profile forbids, or lacks.</summary>
/// <param name="Code">Stable short name, for example <c>eku_mismatch</c>.</param>
public sealed record LintFinding(string Code, string Message);
