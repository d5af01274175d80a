using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class DeviceCommand
{
    public static Command Create() => Verb.Group(
        "device", "Be a device: enrol with a tenant and keep the certificate current.", ["iot device enroll pump-1 --token-file pump-1.token --fingerprint HEX", "iot device run --folder ./pump-1"],
        DeviceEnroll.Create(), DeviceRenew.Create(), DeviceRun.Create());
}
