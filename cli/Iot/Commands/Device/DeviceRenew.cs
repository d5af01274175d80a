using System.CommandLine;
using IoTPlatform.Agent;

namespace IoTPlatform.Iot;

internal static class DeviceRenew
{
    private static readonly Option<bool> KeepKey = new("--keep-key") { Description = "Keep the key instead of making a new one." };

    public static Command Create() => Verb.Create(
        "renew", "Renew the certificate now, with the current one as proof.", ["iot device renew --folder ./pump-1"], RunAsync, DeviceArguments.OptionalId, KeepKey, DeviceOptions.Folder);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        using var folder = DeviceOptions.Open(run, run.Find(DeviceArguments.OptionalId));
        using var identity = await new DeviceAgent(folder, run.Time).RenewAsync(!run.Get(KeepKey), cancellationToken).ConfigureAwait(false);
        IdentityOutput.Write(run, "renewed", folder.LoadSettings()!.DeviceId, folder, identity);
        return ExitCode.Ok;
    }
}
