using System.Globalization;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>One condition that must hold before a tenant can serve. It inspects the actual state each time and keeps no state.</summary>
internal interface IFirstBootCheck
{
    /// <summary>As printed, for example <c>sub-ca-key</c>.</summary>
    string Name { get; }

    /// <summary>Null when it holds, else what is missing. Throws StartupException for what only an operator can put right.</summary>
    Task<string?> InspectAsync(CancellationToken cancellationToken);

    /// <summary>Makes it hold, with one atomic effect. Throws <see cref="ProviderBusyException"/> for what time will put right.</summary>
    Task FixAsync(CancellationToken cancellationToken);
}

/// <summary>The progress messages of first boot for the operator.</summary>
internal interface IFirstBootProgress
{
    void Started(string check, string reason);
    void Waiting(string check, string reason, TimeSpan pause);
    void Done(string check);
}

/// <summary>
/// First boot as a reconciliation: fix the first check that fails, look again from the top, until none does. Every boot runs
/// it; on a tenant that has joined it only looks.
/// </summary>
internal sealed class FirstBootReconciler(IEnumerable<IFirstBootCheck> checks, IFirstBootProgress progress, TimeProvider time)
{
    // A check that still fails after this many successful fixes would loop for ever.
    private const int MaxFixes = 3;
    private readonly Dictionary<string, int> _fixes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Reason, DateTimeOffset At)> _made = new(StringComparer.Ordinal);
    private string? _announced;

    /// <summary>Once all of them hold: what was looked at, in order, and what this boot had to do for it.</summary>
    public IReadOnlyList<FirstBootStep> Steps => [.. checks.Select(check => _made.TryGetValue(check.Name, out var made) ? new FirstBootStep(check.Name, made.Reason, made.At) : new FirstBootStep(check.Name, null, time.GetUtcNow()))];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = ProviderBackoff.Create((busy, wait) => progress.Waiting(_announced!, busy.Message, wait), time);
        while (await backoff.ExecuteAsync(FixNextAsync, cancellationToken))
        {
        }
    }

    /// <summary>False: none fails.</summary>
    private async ValueTask<bool> FixNextAsync(CancellationToken cancellationToken)
    {
        if (await FirstFailingAsync(cancellationToken) is not var (check, reason))
        {
            return false;
        }

        if (_fixes.GetValueOrDefault(check.Name) >= MaxFixes)
        {
            throw new StartupException($"first boot cannot get past '{check.Name}': {reason}");
        }

        if (_announced != check.Name)
        {
            progress.Started(_announced = check.Name, reason);
        }

        await check.FixAsync(cancellationToken);
        _fixes[check.Name] = _fixes.GetValueOrDefault(check.Name) + 1;
        _made[check.Name] = (reason, time.GetUtcNow());
        progress.Done(check.Name);
        _announced = null;
        return true;
    }

    private async Task<(IFirstBootCheck Check, string Reason)?> FirstFailingAsync(CancellationToken cancellationToken)
    {
        foreach (var check in checks)
        {
            if (await check.InspectAsync(cancellationToken) is { } reason)
            {
                return (check, reason);
            }
        }

        return null;
    }
}

/// <summary>A condition that held when this process began to serve.</summary>
/// <param name="Name">Of the check.</param>
/// <param name="Missing">What was missing before this boot; null: nothing.</param>
/// <param name="At">When it was made, or looked at.</param>
public sealed record FirstBootStep(string Name, string? Missing, DateTimeOffset At);

/// <summary>Progress as lines <c>first-boot: {check} …</c>, <c>first-boot: {check} waiting: …</c>, <c>first-boot: {check} done</c>.</summary>
internal sealed class ConsoleProgress(TextWriter output) : IFirstBootProgress
{
    public void Started(string check, string reason) => Line($"first-boot: {check} … ({reason})");

    public void Waiting(string check, string reason, TimeSpan pause) =>
        Line(string.Create(CultureInfo.InvariantCulture, $"first-boot: {check} waiting: {reason}; next attempt in {pause.TotalSeconds:0.#} s"));

    public void Done(string check) => Line($"first-boot: {check} done");

    private void Line(string text)
    {
        output.WriteLine(text.ReplaceLineEndings(" "));
        output.Flush();
    }
}
