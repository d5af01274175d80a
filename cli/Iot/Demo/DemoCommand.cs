using System.CommandLine;
using IoTPlatform.Hosting;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DemoCommand
{
    public static Command Create() => Verb.Create(
        "demo",
        "Start a provider and two tenants on this machine, join them, enrol six devices, renew one, revoke one, have an agent send readings and obey over MQTT, verify every chain and every audit log. Exit code 0 only if everything held.",
        ["iot demo", "iot demo --keep", "iot demo --stop", "iot demo --json | jq .steps", "iot demo --data ./demo", "iot demo --broker rabbitmq --identity keycloak"],
        RunAsync, DemoOptions.Data, DemoOptions.Keep, DemoOptions.Stop, DemoOptions.Broker, DemoOptions.Identity);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        using var folder = DemoFolder.Open(run.Get(DemoOptions.Data) ?? DataFolder.DefaultPath("demo"));
        var ended = await folder.StopKeptAsync();
        if (run.Get(DemoOptions.Stop))
        {
            run.Terminal.Result(new { Stopped = ended }, console => console.WriteLine(ended == 0 ? "nothing was running" : $"stopped {ended} processes of the demo in {folder.Path}"));
            return ExitCode.Ok;
        }
        folder.Clear();
        var progress = new DemoProgress(run.Terminal.Console, run.Time);
        var shape = new DemoShape(run.Get(DemoOptions.Broker) == DemoOptions.RabbitMq, run.Get(DemoOptions.Identity) == DemoOptions.Keycloak, run.Get(DemoOptions.Keep));
        var report = await DemoRun.PlayAsync(folder, shape, progress, run.Time, cancellationToken) with { Command = Again(shape, run.Get(DemoOptions.Data)) };
        run.Terminal.Result(report, console => DemoSummary.Print(console, report));
        return ExitCode.Ok;
    }

    private static string Again(DemoShape shape, string? data) =>
        $"iot demo{(shape.RabbitMq ? $" --broker {DemoOptions.RabbitMq}" : "")}{(shape.Keycloak ? $" --identity {DemoOptions.Keycloak}" : "")}{(data is null ? "" : $" --data {data}")}";
}

internal static class DemoOptions
{
    public static readonly Option<string?> Data = new("--data") { Description = "Folder of the demo; an earlier demo in it is replaced. Else /var/lib/iotplatform/demo as root, else ~/.local/share/iotplatform/demo.", HelpName = "folder" };
    public static readonly Option<bool> Keep = new("--keep") { Description = "Leave provider and tenants running in the background. The next demo, or --stop, ends them." };
    public static readonly Option<bool> Stop = new("--stop") { Description = "End what an earlier --keep left running, and do nothing else." };
    public static readonly Option<string> Broker = Choice("--broker", "The provider's broker: its own, or a private RabbitMQ.", "embedded", RabbitMq);
    public static readonly Option<string> Identity = Choice("--identity", "Who signs people in: local accounts, or a private Keycloak (KEYCLOAK_HOME, or kc.sh on PATH).", "local", Keycloak);
    public const string RabbitMq = "rabbitmq";
    public const string Keycloak = "keycloak";

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}

/// <summary>What the demo is to run with.</summary>
internal sealed record DemoShape(bool RabbitMq, bool Keycloak, bool Keep);
