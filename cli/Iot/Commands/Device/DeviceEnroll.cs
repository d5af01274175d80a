using System.CommandLine;
using IoTPlatform.Agent;

namespace IoTPlatform.Iot;

internal static class DeviceEnroll
{
    private static readonly Option<string?> TokenFile = new("--token-file") { Description = "File with the enrolment token, '-' for stdin. Else IOT_ENROLLMENT_TOKEN.", HelpName = "file" };
    private static readonly Option<string?> Name = new("--name") { Description = "Display name." };
    private static readonly Option<string?> Type = new("--type") { Description = "Kind of device." };
    private static readonly Option<bool> WireGuard = new("--wireguard") { Description = "Make a WireGuard key and ask for an address; writes wg0.conf." };
    private static readonly Option<string?> WireGuardKey = new("--wireguard-public-key") { Description = "Ask with this WireGuard public key; its private key is filled in by you.", HelpName = "base64" };

    public static Command Create() => Verb.Create(
        "enroll", "Make a key on this device and swap an enrolment token for a certificate. After a failure, run it again: the same key asks again.",
        ["iot device enroll pump-1 --url https://tenant.example:9543 --fingerprint HEX --token-file pump-1.token", "echo $TOKEN | iot device enroll pump-1 --token-file - --root root_ca.crt --wireguard"],
        RunAsync, [DeviceArguments.Id, TokenFile, Name, Type, WireGuard, WireGuardKey, DeviceOptions.Folder, .. ServerOptions.Trust]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var id = run.Get(DeviceArguments.Id);
        var token = FindToken(run);
        var (url, root) = await Connect.FindAsync(run, ServerOptions.Tenant, cancellationToken).ConfigureAwait(false);
        using var folder = DeviceOptions.Open(run, id);
        using var identity = await new DeviceAgent(folder, run.Time).EnrollAsync(new Enrollment
        {
            Settings = new DeviceSettings { TenantUrl = url, DeviceId = id, DeviceName = run.Get(Name), DeviceType = run.Get(Type) },
            Root = root,
            Token = token,
            WithWireGuard = run.Get(WireGuard),
            WireGuardPublicKey = run.Get(WireGuardKey),
        }, cancellationToken).ConfigureAwait(false);
        IdentityOutput.Write(run, "enrolled", id, folder, identity);
        return ExitCode.Ok;
    }

    private static string FindToken(Run run)
    {
        var token = run.Get(TokenFile) switch
        {
            null => run.Env("IOT_ENROLLMENT_TOKEN"),
            "-" => Console.In.ReadLine(),
            var file => File.ReadLines(file).FirstOrDefault(),
        };
        return token?.Trim() is { Length: > 0 } found ? found : throw CliException.Usage("no enrolment token: give --token-file or IOT_ENROLLMENT_TOKEN (a tenant's operator makes one: iot devices token DEVICE-ID)");
    }
}
