using System.CommandLine;
using IoTPlatform.Contracts.Devices;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DevicesShow
{
    public static Command Create() => Verb.Create(
        "show", "Show one device and its certificates.", ["iot devices show pump-1"], RunAsync, [DeviceArguments.Id, SerialText.Hex, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var device = await tenant.GetDeviceAsync(run.Get(DeviceArguments.Id), cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(device, console => Show(run, console, device));
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Show(Run run, IAnsiConsole console, DeviceDetail device)
    {
        Print.Facts(
            console,
            ("device", device.DeviceId), ("name", device.DeviceName), ("type", device.DeviceType), ("status", Json.Snake(device.Status.ToString())),
            ("SPIFFE id", device.SpiffeId), ("enrolled", Print.Time(device.EnrolledAt)), ("online since", Since(device, online: true)), ("offline since", Since(device, online: false)), ("revoked", Print.Time(device.RevokedAt)),
            ("reason", device.RevocationReason), ("WireGuard", device.WireguardAddress), ("WireGuard key", device.WireguardPublicKey));
        console.WriteLine();
        CertificateTable.Print(run, console, device.Certificates);
    }

    private static string? Since(DeviceDetail device, bool online) => device.Presence?.Online == online ? Print.Time(device.Presence.Since) : null;
}
