using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>What a command is, whoever sends it.</summary>
internal static class CommandInput
{
    private static readonly Argument<string> Name = new("name") { Description = "What the device is to do, for example reboot." };
    private static readonly Option<string?> Payload = new("--payload") { Description = "JSON; @FILE reads it from a file, '-' from stdin.", HelpName = "json" };
    private static readonly Option<TimeSpan> Ttl = new("--ttl") { Description = "When to give it up: 30s, 15m, 24h, 7d; 30 days at the most.", DefaultValueFactory = _ => TimeSpan.FromDays(1), CustomParser = Duration.Parse, HelpName = "time" };

    public static Option<bool> Wait { get; } = new("--wait") { Description = "Wait for the device's answer; exit code 1 if it is refused, cancelled or given up." };

    public static IReadOnlyList<Symbol> All { get; } = [Name, Payload, Ttl, Wait];

    public static SendCommandRequest Read(Run run) => new()
    {
        Name = run.Get(Name),
        Payload = Json(run.Get(Payload)),
        TtlSeconds = (int)Math.Min(int.MaxValue, run.Get(Ttl).TotalSeconds),
    };

    public static int ExitCodeOf(CommandState state) => state is CommandState.Queued or CommandState.Delivered or CommandState.Answered ? ExitCode.Ok : ExitCode.Failed;

    private static JsonElement? Json(string? payload)
    {
        var text = payload switch
        {
            null => null,
            "-" => Console.In.ReadToEnd(),
            ['@', .. var path] => File.ReadAllText(path),
            _ => payload,
        };
        try
        {
            return text is null ? null : JsonElement.Parse(text);
        }
        catch (JsonException e)
        {
            throw CliException.Usage($"--payload is no JSON: {e.Message}");
        }
    }
}

internal static class DevicesSend
{
    public static Command Create() => Verb.Create(
        "send", "Send a command to a device. It is stored, and delivered when the device is there.",
        ["iot devices send pump-1 reboot", "iot devices send pump-1 set-speed --payload '{\"rpm\":900}' --ttl 10m --wait"],
        RunAsync, [DeviceArguments.Id, .. CommandInput.All, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var command = await tenant.SendCommandAsync(run.Get(DeviceArguments.Id), CommandInput.Read(run), cancellationToken);
        if (run.Get(CommandInput.Wait))
        {
            command = await CommandWait.ForEndAsync(command, c => c.EndedAt is not null, c => tenant.GetCommandAsync(c.DeviceId, c.Id, cancellationToken), run.Time, cancellationToken);
        }

        run.Terminal.Result(command, console => Show(console, command));
        return CommandInput.ExitCodeOf(command.State);
    }, cancellationToken);

    private static void Show(IAnsiConsole console, DeviceCommandView command)
    {
        console.MarkupLineInterpolated($"[green]{SnakeCase.Of(command.State)}[/] {command.Name} to {command.DeviceId} ({command.Id})");
        Print.Facts(console, ("until", Print.Time(command.ExpiresAt)), ("answer", command.Answer?.GetRawText()), ("after", command is { State: CommandState.Answered, EndedAt: { } end } ? Print.Seconds((end - command.CreatedAt).TotalMilliseconds) : null), ("reason", command.Reason));
    }
}

/// <summary>Asks what became of a command, often at first.</summary>
internal static class CommandWait
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    public static async Task<T> ForEndAsync<T>(T command, Func<T, bool> hasEnded, Func<T, Task<T>> ask, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var wait = First; !hasEnded(command); wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            await Task.Delay(wait, time, cancellationToken);
            command = await ask(command);
        }

        return command;
    }
}

internal static class DevicesCommands
{
    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };

    public static Command Create() => Verb.Create(
        "commands", "List the commands to a device and what became of them, newest first.", ["iot devices commands pump-1"],
        RunAsync, [DeviceArguments.Id, Limit, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var limit = Math.Max(1, run.Get(Limit));
        var commands = await Pages.CollectAsync(cursor => tenant.ListCommandsAsync(run.Get(DeviceArguments.Id), cursor, Math.Min(limit, 200), cancellationToken), limit);
        run.Terminal.Result(commands, console => Print.Rows(
            console, commands, "no commands yet; send one: iot devices send DEVICE-ID NAME",
            ("ID", c => c.Id.ToString(CultureInfo.InvariantCulture)), ("NAME", c => c.Name), ("STATE", c => SnakeCase.Of(c.State)), ("SENT", c => Print.Time(c.CreatedAt)),
            ("ENDED", c => Print.Time(c.EndedAt)), ("ANSWER", c => c.Answer?.GetRawText() ?? c.Reason)));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class DevicesCancel
{
    private static readonly Argument<long> Id = new("command-id") { Description = "From 'iot devices commands'." };

    public static Command Create() => Verb.Create(
        "cancel", "Cancel a command that is not answered. A device that has it already may still carry it out.", ["iot devices cancel pump-1 17"],
        RunAsync, [DeviceArguments.Id, Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var (device, id) = (run.Get(DeviceArguments.Id), run.Get(Id));
        await tenant.CancelCommandAsync(device, id, cancellationToken);
        run.Terminal.Result(new { DeviceId = device, Id = id, State = "cancelled" }, console => console.MarkupLineInterpolated($"[green]cancelled[/] command {id} to {device}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
