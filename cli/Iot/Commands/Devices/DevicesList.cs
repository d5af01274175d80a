using System.CommandLine;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Iot;

internal static class DevicesList
{
    /// <summary>Where nobody looks, the columns would say nothing.</summary>
    private static readonly (string Header, Func<DeviceSummary, string?> Cell)[] Presence =
        [("ONLINE", d => d.Presence is null ? null : d.Presence.Online ? "yes" : "no"), ("SINCE", d => Print.Time(d.Presence?.Since))];

    public static Command Create() => Verb.Create(
        "list", "List the devices of a tenant.", ["iot devices list", "iot devices list --url https://127.0.0.1:9543 --json"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var devices = await Pages.CollectAsync(cursor => tenant.ListDevicesAsync(cursor, cancellationToken: cancellationToken)).ConfigureAwait(false);
        run.Terminal.Result(devices, console => Print.Rows(
            console, devices, "no devices yet; make a token: iot devices token DEVICE-ID",
            [
                ("DEVICE", d => d.DeviceId), ("NAME", d => d.DeviceName), ("TYPE", d => d.DeviceType), ("STATUS", d => Json.Snake(d.Status.ToString())),
                .. devices.Any(d => d.Presence is not null) ? Presence : [],
                ("ENROLLED", d => Print.Time(d.EnrolledAt)), ("CERTIFICATE UNTIL", d => Print.Time(d.NotAfter)),
            ]));
        return ExitCode.Ok;
    }, cancellationToken);
}
