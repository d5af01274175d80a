using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Tenants;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Prints each running step and its duration.</summary>
internal sealed class DemoProgress(IAnsiConsole console, TimeProvider time)
{
    private readonly List<DemoStep> _steps = [];

    public IReadOnlyList<DemoStep> Steps => _steps;

    public async Task<T> StepAsync<T>(string step, Func<Task<(T Value, string Detail)>> act)
    {
        var started = time.GetTimestamp();
        try
        {
            var (value, detail) = await SpinAsync(step, act);
            var took = time.GetElapsedTime(started);
            _steps.Add(new DemoStep(step, Math.Round(took.TotalMilliseconds, 1), detail));
            console.Write(new Markup($"[green]✓[/] [bold]{step.EscapeMarkup(),-48}[/][grey]{Print.Seconds(took.TotalMilliseconds),8}[/]  {detail.EscapeMarkup()}\n"));
            return value;
        }
        catch
        {
            console.Write(new Markup($"[red]✗[/] [bold]{step.EscapeMarkup(),-48}[/][grey]{Print.Seconds(time.GetElapsedTime(started).TotalMilliseconds),8}[/]\n"));
            throw;
        }
    }

    /// <summary>Something smaller inside a step.</summary>
    public void Note(string text) => console.Write(new Markup($"[grey]    {text.EscapeMarkup()}[/]\n"));

    private Task<T> SpinAsync<T>(string step, Func<Task<T>> act) => console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal
        ? console.Status().Spinner(Spinner.Known.Dots).StartAsync(step.EscapeMarkup(), _ => act())
        : act();
}

internal sealed record DemoStep(string Step, double DurationMs, string Detail);

/// <summary>What the demo did, for a program and for the closing summary. It exists only if everything held.</summary>
internal sealed record DemoReport
{
    public bool Ok => true;
    public required bool Running { get; init; }

    /// <summary>Has the same demo again.</summary>
    public string Command { get; init; } = "";
    public required double DurationMs { get; init; }
    public required string Folder { get; init; }
    public required string RootFingerprint { get; init; }
    public required IReadOnlyList<DemoStack> Stacks { get; init; }
    public required IReadOnlyList<DemoDevice> Devices { get; init; }
    public required DemoRenewal Renewal { get; init; }
    public required DemoRevocation Revocation { get; init; }
    public required IReadOnlyList<DemoCertificate> Certificates { get; init; }
    public required IReadOnlyList<DemoAudit> Audit { get; init; }
    public required IReadOnlyList<DemoStep> Steps { get; init; }

    /// <summary>The steps of each tenant's JOIN, as the provider recorded them.</summary>
    public required IReadOnlyList<DemoJoin> Joins { get; init; }
}

internal sealed record DemoStack(string Name, string Kind, Uri Url, string Data, string Log, string AdminUser, string AdminPasswordFile)
{
    /// <summary>Of a demo that goes on: signs the reader in at the portal, once.</summary>
    public string? SignInLink { get; init; }
}

internal sealed record DemoDevice(string Tenant, string DeviceId, string Serial, DateTimeOffset NotAfter, string Identity);

internal sealed record DemoRenewal(string Tenant, string DeviceId, string OldSerial, string NewSerial);

internal sealed record DemoRevocation(string Tenant, string DeviceId, int RenewalRefusedStatus, string RenewalRefusedCode);

internal sealed record DemoCertificate(
    string Stack, string Profile, string Subject, string SignedBy, string Serial, DateTimeOffset NotAfter, bool Revoked, IReadOnlyList<string> Chain, IReadOnlyList<string> VerifiedBy);

internal sealed record DemoJoin(string Tenant, IReadOnlyList<JoinStepView> Steps);

internal sealed record DemoAudit(string Stack, AuditVerification Verification);
