using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DevicesRevoke
{
    public static Command Create() => Verb.Create(
        "revoke", "Revoke a device: its certificates, its renewal, its WireGuard peer.", ["iot devices revoke pump-1 --reason \"stolen\" --reason-code 1"],
        RunAsync, [DeviceArguments.Id, RevocationOptions.Reason, RevocationOptions.Code, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var id = run.Get(DeviceArguments.Id);
        await tenant.RevokeDeviceAsync(id, RevocationOptions.Of(run), cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { DeviceId = id, Status = "revoked" }, console => console.MarkupLineInterpolated($"[green]revoked[/] {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
