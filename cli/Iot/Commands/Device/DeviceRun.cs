using System.CommandLine;
using IoTPlatform.Agent;
using IoTPlatform.Contracts;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DeviceRun
{
    private static readonly Option<bool> KeepKey = new("--keep-key") { Description = "Keep the key at renewals instead of making a new one." };
    private static readonly Option<string?> Telemetry = DeviceOptions.Choice("--telemetry", "Send readings: of the machine (cpu, memory, uptime, disk), or the JSON objects on standard input, one a line.", "system", "stdin");
    private static readonly Option<TimeSpan> Interval = new("--interval") { Description = "How often the machine is read.", DefaultValueFactory = _ => TimeSpan.FromMinutes(1), CustomParser = Duration.Parse, HelpName = "time" };
    private static readonly Option<int> SpoolMiB = new("--spool") { Description = "MiB of readings that wait on disk while there is no connection; beyond it the oldest are dropped and counted.", DefaultValueFactory = _ => 16, HelpName = "MiB" };
    private static readonly Option<string?> OnCommand = new("--on-command") { Description = "Executable that carries commands out: payload on its standard input, IOT_COMMAND and IOT_COMMAND_ID in its environment; its output is the answer. Over MQTT only.", HelpName = "file" };
    private static readonly Option<TimeSpan> CommandTimeout = new("--command-timeout") { Description = "When it is killed.", DefaultValueFactory = _ => TimeSpan.FromMinutes(1), CustomParser = Duration.Parse, HelpName = "time" };

    public static Command Create() => Verb.Create(
        "run", "Keep the certificate current, send readings and carry commands out, until stopped (exit code 0) or until the tenant revokes the device (1). With --json one event per line.",
        ["iot device run --folder ./pump-1", "iot device run pump-1 --transport mqtt --telemetry system --interval 30s --on-command /usr/local/bin/pump-command", "sensor | iot device run pump-1 --telemetry stdin --json"],
        RunAsync, DeviceArguments.OptionalId, KeepKey, DeviceOptions.Transport, Telemetry, Interval, SpoolMiB, OnCommand, CommandTimeout, DeviceOptions.Folder);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        using var folder = DeviceOptions.Open(run, run.Find(DeviceArguments.OptionalId));
        var options = new AgentOptions
        {
            RotateKey = !run.Get(KeepKey),
            Transport = DeviceOptions.TransportOf(run),
            SystemReadings = run.Get(Telemetry) == "system" ? run.Get(Interval) : null,
            Lines = run.Get(Telemetry) == "stdin" ? Console.In : null,
            SpoolBytes = Math.Max(1, run.Get(SpoolMiB)) * 1024L * 1024,
            CommandExecutable = Executable(run.Get(OnCommand)),
            CommandTimeout = run.Get(CommandTimeout),
        };
        return await new RunningAgent(folder, options, run.Time, RandomJitter.Instance, e => Write(run, e)).RunAsync(cancellationToken) switch
        {
            AgentOutcome.Stopped => ExitCode.Ok,
            _ => ExitCode.Failed,
        };
    }

    /// <summary>A path, never looked for in PATH.</summary>
    private static string? Executable(string? path) => path is null ? null : File.Exists(path) ? Path.GetFullPath(path) : throw CliException.Usage($"--on-command: there is no file {path}");

    private static void Write(Run run, AgentEvent e) => run.Terminal.JsonLine(
        new { Event = SnakeCase.Of(e.Kind), e.At, e.Message, e.Next },
        console => console.MarkupLineInterpolated($"[grey]{Print.Time(e.At)}[/] {e.Message}{(e.Kind == AgentEventKind.Retrying ? $"; next attempt {Print.Time(e.Next)}" : "")}"));
}
