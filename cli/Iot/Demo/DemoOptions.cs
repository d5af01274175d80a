using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class DemoOptions
{
    public static readonly Option<string?> Data = new("--data") { Description = "Folder of the demo; an earlier demo in it is replaced. Else /var/lib/iotplatform/demo as root, else ~/.local/share/iotplatform/demo.", HelpName = "folder" };
    public static readonly Option<bool> Keep = new("--keep") { Description = "Leave provider and tenants running in the background. The next demo, or --stop, ends them." };
    public static readonly Option<bool> Stop = new("--stop") { Description = "End what an earlier --keep left running, and do nothing else." };
}
