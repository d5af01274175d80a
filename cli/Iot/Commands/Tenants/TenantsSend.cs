using System.CommandLine;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsSend
{
    public static Command Create() => Verb.Create(
        "send", "Send a command to a device of a tenant, over the tenant's bridge. A tenant refuses it unless it allows commands of its provider.",
        ["iot tenants send acme pump-1 reboot", "iot tenants send acme pump-1 set-speed --payload '{\"rpm\":900}' --ttl 10m --wait"],
        RunAsync, [TenantArguments.Id, DeviceArguments.Id, .. CommandInput.All, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var command = await provider.SendCommandAsync(run.Get(TenantArguments.Id), run.Get(DeviceArguments.Id), CommandInput.Read(run), cancellationToken);
        if (run.Get(CommandInput.Wait))
        {
            command = await CommandWait.ForEndAsync(
                command, c => c.EndedAt is not null, c => provider.GetCommandAsync(c.TenantId, c.DeviceId, c.Id, cancellationToken), run.Time, cancellationToken);
        }

        run.Terminal.Result(command, console => Show(console, command));
        return CommandInput.ExitCodeOf(command.State);
    }, cancellationToken);

    private static void Show(IAnsiConsole console, TenantCommandView command)
    {
        console.MarkupLineInterpolated($"[green]{SnakeCase.Of(command.State)}[/] {command.Name} to {command.DeviceId} of {command.TenantId} ({command.Id})");
        Print.Facts(console, ("until", Print.Time(command.ExpiresAt)), ("at the tenant", Print.Time(command.TakenAt)), ("answer", command.Answer?.GetRawText()), ("reason", command.Reason));
    }
}

internal static class TenantsCommands
{
    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };

    public static Command Create() => Verb.Create(
        "commands", "List the provider's commands to a device of a tenant and what became of them, newest first.", ["iot tenants commands acme pump-1"],
        RunAsync, [TenantArguments.Id, DeviceArguments.Id, Limit, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var limit = Math.Max(1, run.Get(Limit));
        var commands = await Pages.CollectAsync(
            cursor => provider.ListCommandsAsync(run.Get(TenantArguments.Id), run.Get(DeviceArguments.Id), cursor, Math.Min(limit, 200), cancellationToken), limit);
        run.Terminal.Result(commands, console => Print.Rows(
            console, commands, "no commands yet; send one: iot tenants send TENANT-ID DEVICE-ID NAME",
            ("ID", c => c.Id.ToString()), ("NAME", c => c.Name), ("STATE", c => SnakeCase.Of(c.State)), ("SENT", c => Print.Time(c.CreatedAt)), ("AT THE TENANT", c => Print.Time(c.TakenAt)),
            ("ENDED", c => Print.Time(c.EndedAt)), ("ANSWER", c => c.Answer?.GetRawText() ?? c.Reason)));
        return ExitCode.Ok;
    }, cancellationToken);
}
