using System.CommandLine;
using IoTPlatform.Agent;

namespace IoTPlatform.Iot;

internal static class DeviceEnroll
{
    private static readonly Option<string?> Name = new("--name") { Description = "Display name." };
    private static readonly Option<string?> Type = new("--type") { Description = "Kind of device." };
    private static readonly Option<bool> WireGuard = new("--wireguard") { Description = "Make a WireGuard key and ask for an address; writes wg0.conf." };
    private static readonly Option<string?> WireGuardKey = new("--wireguard-public-key") { Description = "Ask with this WireGuard public key; its private key is filled in by you.", HelpName = "base64" };

    public static Command Create() => Verb.Create(
        "enroll", "Make a key on this device and swap an enrolment token for a certificate. After a failure, run it again: the same key asks again.",
        ["iot device enroll pump-1 --env-file pump-1.env", "iot device enroll pump-1 --url https://tenant.example:9543 --fingerprint HEX --trust-domain acme.iotplatform.internal --token-file pump-1.token --wireguard"],
        RunAsync, [DeviceArguments.Id, EnrollmentInput.EnvFileOption, EnrollmentInput.TokenFile, Name, Type, WireGuard, WireGuardKey, DeviceOptions.Folder, .. ServerOptions.Trust]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var id = run.Get(DeviceArguments.Id);
        var enrollment = await new EnrollmentInput(run).ReadAsync(
            id, settings => settings with { DeviceName = run.Get(Name), DeviceType = run.Get(Type) }, cancellationToken).ConfigureAwait(false);
        using var folder = DeviceOptions.Open(run, id);
        using var identity = await new DeviceAgent(folder, run.Time).EnrollAsync(enrollment.With(run.Get(WireGuard), run.Get(WireGuardKey)), cancellationToken).ConfigureAwait(false);
        IdentityOutput.Write(run, "enrolled", id, folder, identity);
        return ExitCode.Ok;
    }
}
