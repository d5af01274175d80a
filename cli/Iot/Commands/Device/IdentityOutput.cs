using IoTPlatform.Agent;
using IoTPlatform.Pki;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class IdentityOutput
{
    public static void Write(Run run, string verb, string deviceId, DeviceFolder folder, DeviceIdentity identity)
    {
        var serial = SerialNumber.ToDecimal(identity.Certificate.SerialNumberBytes.Span);
        var wireguard = File.Exists(folder.WireGuardPath) ? folder.WireGuardPath : null;
        run.Terminal.Result(
            new { DeviceId = deviceId, Serial = serial, identity.NotBefore, identity.NotAfter, Identity = folder.IdentityPath, Root = folder.RootPath, Wireguard = wireguard },
            console =>
            {
                console.MarkupLineInterpolated($"[green]{verb}[/] {deviceId}");
                Print.Facts(
                    console, ("serial", SerialText.Both(serial)), ("valid until", Print.Time(identity.NotAfter)), ("issued by", identity.Certificate.Issuer),
                    ("key and certificate", folder.IdentityPath), ("WireGuard file", wireguard));
            });
    }
}
