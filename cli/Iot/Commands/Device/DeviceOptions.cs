using System.CommandLine;
using IoTPlatform.Agent;
using IoTPlatform.Hosting;

namespace IoTPlatform.Iot;

internal static class DeviceOptions
{
    public static Option<string?> Folder { get; } = new("--folder") { Description = "Where the device keeps its key and certificate (0700). Else IOT_DEVICE_FOLDER, else a folder per device id beside the other data.", HelpName = "folder" };

    public static DeviceFolder Open(Run run, string? deviceId)
    {
        var path = run.Get(Folder) ?? run.Env("IOT_DEVICE_FOLDER") ?? (deviceId is null ? null : Path.Combine(DataFolder.DefaultPath("devices"), deviceId));
        return DeviceFolder.Open(path ?? throw CliException.Usage("which device? give --folder, or IOT_DEVICE_FOLDER, or the device id"));
    }
}
