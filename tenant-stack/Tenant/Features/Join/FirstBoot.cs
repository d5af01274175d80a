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

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = new BackOff();
        var fixes = new Dictionary<string, int>(StringComparer.Ordinal);
        string? announced = null;
        while (await FirstFailingAsync(cancellationToken) is var (check, reason))
        {
            if (fixes.GetValueOrDefault(check.Name) >= MaxFixes)
                throw new StartupException($"first boot cannot get past '{check.Name}': {reason}");
            if (announced != check.Name)
                progress.Started(announced = check.Name, reason);
            try
            {
                await check.FixAsync(cancellationToken);
            }
            catch (ProviderBusyException busy)
            {
                var pause = backOff.Next(busy);
                progress.Waiting(check.Name, busy.Message, pause);
                await Task.Delay(pause, time, cancellationToken);
                continue;
            }
            fixes[check.Name] = fixes.GetValueOrDefault(check.Name) + 1;
            progress.Done(check.Name);
            announced = null;
            backOff.Reset();
        }
    }

    private async Task<(IFirstBootCheck Check, string Reason)?> FirstFailingAsync(CancellationToken cancellationToken)
    {
        foreach (var check in checks)
            if (await check.InspectAsync(cancellationToken) is { } reason)
                return (check, reason);
        return null;
    }
}
