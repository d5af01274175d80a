using IoTPlatform.Hosting;


namespace IoTPlatform.Tenant.Features.Join;

/// <summary>
/// First boot as a reconciliation: fix the first check that fails, look again from the top, until none does. Every boot runs
/// it; on a tenant that has joined it only looks.
/// </summary>
internal sealed class FirstBoot(IReadOnlyList<IFirstBootCheck> checks, IFirstBootProgress progress, TimeProvider time)
{
    // A check that still fails after this many successful fixes would loop for ever.
    private const int MaxFixes = 3;
    private readonly Dictionary<string, int> fixes = new(StringComparer.Ordinal);
    private string? announced;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = ProviderBackoff.Create((busy, wait) => progress.Waiting(announced!, busy.Message, wait), time);
        while (await backoff.ExecuteAsync(FixNextAsync, cancellationToken))
        {
        }
    }

    /// <summary>False: none fails.</summary>
    private async ValueTask<bool> FixNextAsync(CancellationToken cancellationToken)
    {
        if (await FirstFailingAsync(cancellationToken) is not var (check, reason))
            return false;
        if (fixes.GetValueOrDefault(check.Name) >= MaxFixes)
            throw new StartupException($"first boot cannot get past '{check.Name}': {reason}");
        if (announced != check.Name)
            progress.Started(announced = check.Name, reason);
        await check.FixAsync(cancellationToken);
        fixes[check.Name] = fixes.GetValueOrDefault(check.Name) + 1;
        progress.Done(check.Name);
        announced = null;
        return true;
    }

    private async Task<(IFirstBootCheck Check, string Reason)?> FirstFailingAsync(CancellationToken cancellationToken)
    {
        foreach (var check in checks)
            if (await check.InspectAsync(cancellationToken) is { } reason)
                return (check, reason);
        return null;
    }
}
