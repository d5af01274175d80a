using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class DevicesCommand
{
    public static Command Create() => Verb.Group(
        "devices", "The devices of a tenant, and the tokens they enrol with.", ["iot devices token pump-1", "iot devices list"],
        DevicesToken.Create(), DevicesTokens.Create(), DevicesRevokeToken.Create(), DevicesList.Create(), DevicesShow.Create(), DevicesRevoke.Create());
}
