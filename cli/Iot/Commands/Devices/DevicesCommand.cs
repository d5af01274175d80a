using System.CommandLine;
using System.CommandLine.Parsing;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DevicesCommand
{
    public static Command Create() => Verb.Group(
        "devices", "The devices of a tenant, and the tokens they enrol with.", ["iot devices token pump-1", "iot devices list"],
        DevicesToken.Create(), DevicesTokens.Create(), DevicesRevokeToken.Create(), DevicesList.Create(), DevicesShow.Create(), DevicesTelemetry.Create(),
        DevicesSend.Create(), DevicesCommands.Create(), DevicesCancel.Create(), DevicesRevoke.Create(), DevicesHold.Create(), DevicesHold.CreateRelease());
}

internal static class DevicesList
{
    /// <summary>Without a connection poll these columns would be empty.</summary>
    private static readonly (string Header, Func<DeviceSummary, string?> Cell)[] Presence =
        [("ONLINE", d => d.Presence is null ? null : d.Presence.Online ? "yes" : "no"), ("SINCE", d => Print.Time(d.Presence?.Since))];

    public static Command Create() => Verb.Create(
        "list", "List the devices of a tenant.", ["iot devices list", "iot devices list --url https://127.0.0.1:9543 --json"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var devices = await Pages.CollectAsync(cursor => tenant.ListDevicesAsync(cursor, cancellationToken: cancellationToken));
        run.Terminal.Result(devices, console => Print.Rows(
            console, devices, "no devices yet; make a token: iot devices token DEVICE-ID",
            [
                ("DEVICE", d => d.DeviceId), ("NAME", d => d.DeviceName), ("TYPE", d => d.DeviceType), ("STATUS", d => SnakeCase.Of(d.Status)),
                .. devices.Any(d => d.Presence is not null) ? Presence : [],
                ("ENROLLED", d => Print.Time(d.EnrolledAt)), ("CERTIFICATE UNTIL", d => Print.Time(d.NotAfter)),
            ]));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class DevicesShow
{
    public static Command Create() => Verb.Create(
        "show", "Show one device and its certificates.", ["iot devices show pump-1"], RunAsync, [DeviceArguments.Id, SerialText.Hex, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var device = await tenant.GetDeviceAsync(run.Get(DeviceArguments.Id), cancellationToken);
        run.Terminal.Result(device, console => Show(run, console, device));
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Show(Run run, IAnsiConsole console, DeviceDetail device)
    {
        Print.Facts(
            console,
            ("device", device.DeviceId), ("name", device.DeviceName), ("type", device.DeviceType), ("status", SnakeCase.Of(device.Status)),
            ("SPIFFE id", device.SpiffeId), ("enrolled", Print.Time(device.EnrolledAt)), ("online since", Since(device, online: true)), ("offline since", Since(device, online: false)), (device.Status == DeviceStatus.Held ? "on hold since" : "revoked", Print.Time(device.RevokedAt)),
            ("reason", device.RevocationReason), ("WireGuard", device.WireguardAddress), ("WireGuard key", device.WireguardPublicKey));
        console.WriteLine();
        CertificateTable.Print(run, console, device.Certificates);
    }

    private static string? Since(DeviceDetail device, bool online) => device.Presence?.Online == online ? Print.Time(device.Presence.Since) : null;
}

internal static class DevicesRevoke
{
    public static Command Create() => Verb.Create(
        "revoke", "Revoke a device: its certificates, its renewal, its WireGuard peer.", ["iot devices revoke pump-1 --reason \"stolen\" --reason-code 1"],
        RunAsync, [DeviceArguments.Id, RevocationOptions.Reason, RevocationOptions.Code, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var id = run.Get(DeviceArguments.Id);
        await tenant.RevokeDeviceAsync(id, RevocationOptions.Of(run), cancellationToken);
        run.Terminal.Result(new { DeviceId = id, Status = "revoked" }, console => console.MarkupLineInterpolated($"[green]revoked[/] {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

/// <summary>Unlike a revocation it can end.</summary>
internal static class DevicesHold
{
    public static Command Create() => Verb.Create(
        "hold", "Put a device on hold: its certificates and its tunnel are refused, its session ends, until it is released.", ["iot devices hold pump-1 --reason \"missing\""],
        (run, cancellationToken) => ApplyAsync(run, "on hold", (tenant, id, request) => tenant.HoldDeviceAsync(id, request, cancellationToken), cancellationToken),
        [DeviceArguments.Id, RevocationOptions.Reason, .. ServerOptions.All]);

    public static Command CreateRelease() => Verb.Create(
        "release", "End the hold of a device: it connects again with what it has.", ["iot devices release pump-1 --reason \"found\""],
        (run, cancellationToken) => ApplyAsync(run, "released", (tenant, id, request) => tenant.ReleaseDeviceAsync(id, request, cancellationToken), cancellationToken),
        [DeviceArguments.Id, RevocationOptions.Reason, .. ServerOptions.All]);

    private static Task<int> ApplyAsync(Run run, string status, Func<TenantClient, string, HoldRequest, Task> call, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var id = run.Get(DeviceArguments.Id);
        await call(tenant, id, new HoldRequest { Reason = run.Get(RevocationOptions.Reason) });
        run.Terminal.Result(new { DeviceId = id, Status = status }, console => console.WriteLine($"{status}: {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class DeviceArguments
{
    public static Argument<string> Id { get; } = Create(ArgumentArity.ExactlyOne);
    public static Argument<string?> OptionalId { get; } = Create(ArgumentArity.ZeroOrOne)!;

    private static Argument<string> Create(ArgumentArity arity)
    {
        var id = new Argument<string>("device-id") { Description = "Lower-case DNS labels, at most 64 characters.", Arity = arity };
        id.Validators.Add(Check);
        return id;
    }

    private static void Check(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && !DeviceId.IsValid(result.Tokens[0].Value))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a device id: lower-case DNS labels, at most 64 characters");
        }
    }
}
