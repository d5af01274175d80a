using System.CommandLine;
using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>What a device is given to enrol with: a token with the rest as options, an env file, or the text of a QR code.</summary>
internal sealed class EnrollmentInput(Run run)
{
    private readonly IReadOnlyDictionary<string, string> _file = run.Get(EnvFileOption) is { } path ? EnvFile.Load(path) : new Dictionary<string, string>();

    public static Option<string?> TokenFile { get; } = new("--token-file") { Description = "File with the enrolment token or the text of its QR code, '-' for stdin. Else the env file's, or IOT_ENROLLMENT_TOKEN.", HelpName = "file" };
    public static Option<string?> EnvFileOption { get; } = new("--env-file") { Description = "What 'iot devices token --env-file' wrote: token, tenant, trust domain, fingerprint.", HelpName = "file" };

    public async Task<Enrollment> ReadAsync(string deviceId, Func<DeviceSettings, DeviceSettings> describe, CancellationToken cancellationToken)
    {
        var token = Token();
        var text = !EnrollmentText.IsOne(token) ? null : EnrollmentText.TryRead(token, out var read) ? read : throw CliException.Usage("the enrolment text is damaged: scan the QR code again");
        if (text?.DeviceId is { } other && other != deviceId)
        {
            throw CliException.Usage($"the enrolment text is for device {other}, not for {deviceId}");
        }

        var given = new Run(run, name => _file.GetValueOrDefault(name));
        var url = text is null || run.Get(ServerOptions.Url) is not null ? ServerAddress.Of(given, ServerOptions.Tenant) : text.TenantUrl;
        return new Enrollment
        {
            Settings = describe(new DeviceSettings { TenantUrl = url, DeviceId = deviceId, TrustDomain = text?.TrustDomain ?? TenantServer.TrustDomain(given, url) }),
            Root = text is null
                ? await ServerTrust.FindAsync(given, ServerOptions.Tenant, url, cancellationToken)
                : await ServerTrust.FetchAsync(url, text.Fingerprint, cancellationToken),
            Token = text?.Token ?? token,
        };
    }

    private string Token()
    {
        var token = run.Get(TokenFile) switch
        {
            null => _file.GetValueOrDefault("IOT_ENROLLMENT_TOKEN") ?? run.Env("IOT_ENROLLMENT_TOKEN"),
            "-" => Console.In.ReadLine(),
            var path => File.ReadLines(path).FirstOrDefault(),
        };
        return token?.Trim() is { Length: > 0 } found ? found : throw CliException.Usage("no enrolment token: give --token-file, --env-file or IOT_ENROLLMENT_TOKEN (a tenant's operator makes one: iot devices token DEVICE-ID)");
    }
}

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
