using System.CommandLine;
using IoTPlatform.Agent;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DeviceRun
{
    private static readonly Option<bool> KeepKey = new("--keep-key") { Description = "Keep the key at renewals instead of making a new one." };

    public static Command Create() => Verb.Create(
        "run", "Keep the certificate current until stopped (exit code 0) or until the tenant revokes the device (1). With --json one event per line.",
        ["iot device run --folder ./pump-1", "iot device run pump-1 --json"], RunAsync, DeviceArguments.OptionalId, KeepKey, DeviceOptions.Folder);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        using var folder = DeviceOptions.Open(run, run.Find(DeviceArguments.OptionalId));
        var loop = new RenewalLoop(folder, new DeviceAgent(folder, run.Time), run.Time, RandomJitter.Instance, e => Write(run, e)) { RotateKey = !run.Get(KeepKey) };
        return await loop.RunAsync(cancellationToken).ConfigureAwait(false) switch
        {
            AgentOutcome.Stopped => ExitCode.Ok,
            _ => ExitCode.Failed,
        };
    }

    private static void Write(Run run, AgentEvent e) => run.Terminal.JsonLine(
        new { Event = Json.Snake(e.Kind.ToString()), e.At, e.Message, e.Next },
        console => console.MarkupLineInterpolated($"[grey]{Print.Time(e.At)}[/] {e.Message}{(e.Kind == AgentEventKind.Retrying ? $"; next attempt {Print.Time(e.Next)}" : "")}"));
}
