using System.CommandLine;
using IoTPlatform.Agent;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DeviceCommand
{
    public static Command Create() => Verb.Group(
        "device", "Be a device: enrol with a tenant and keep the certificate current.", ["iot device enroll pump-1 --token-file pump-1.token --fingerprint HEX", "iot device run --folder ./pump-1"],
        DeviceEnroll.Create(), DeviceRenew.Create(), DeviceRun.Create());
}

internal static class DeviceEnroll
{
    private static readonly Option<string?> Name = new("--name") { Description = "Display name." };
    private static readonly Option<string?> Type = new("--type") { Description = "Kind of device." };
    private static readonly Option<Uri?> MqttUrl = new("--mqtt-url") { Description = "Where the tenant speaks MQTT, for example mqtts://tenant.example:8883; else at its URL, where that is negotiated.", HelpName = "url", CustomParser = DeviceOptions.ParseMqttUrl };
    private static readonly Option<bool> WireGuard = new("--wireguard") { Description = "Make a WireGuard key and ask for an address; writes wg0.conf." };
    private static readonly Option<string?> WireGuardKey = new("--wireguard-public-key") { Description = "Ask with this WireGuard public key; its private key is filled in by you.", HelpName = "base64" };

    public static Command Create() => Verb.Create(
        "enroll", "Make a key on this device and swap an enrolment token for a certificate. After a failure, run it again: the same key asks again.",
        ["iot device enroll pump-1 --env-file pump-1.env", "iot device enroll pump-1 --url https://tenant.example:9543 --fingerprint HEX --trust-domain acme.iotplatform.internal --token-file pump-1.token --wireguard"],
        RunAsync, [DeviceArguments.Id, EnrollmentInput.EnvFileOption, EnrollmentInput.TokenFile, Name, Type, WireGuard, WireGuardKey, DeviceOptions.Transport, MqttUrl, DeviceOptions.Folder, .. ServerOptions.Trust]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var id = run.Get(DeviceArguments.Id);
        var enrollment = await new EnrollmentInput(run).ReadAsync(
            id, settings => settings with { DeviceName = run.Get(Name), DeviceType = run.Get(Type), Transport = DeviceOptions.TransportOf(run) ?? AgentTransport.Https, MqttUrl = run.Get(MqttUrl) }, cancellationToken);
        using var folder = DeviceOptions.Open(run, id);
        using var identity = await new DeviceAgent(folder, run.Time, enrollment.Settings.Transport).EnrollAsync(enrollment.With(run.Get(WireGuard), run.Get(WireGuardKey)), cancellationToken);
        IdentityOutput.Write(run, "enrolled", id, folder, identity);
        return ExitCode.Ok;
    }
}

internal static class DeviceRenew
{
    private static readonly Option<bool> KeepKey = new("--keep-key") { Description = "Keep the key instead of making a new one." };

    public static Command Create() => Verb.Create(
        "renew", "Renew the certificate now, with the current one as proof.", ["iot device renew --folder ./pump-1"], RunAsync, DeviceArguments.OptionalId, KeepKey, DeviceOptions.Transport, DeviceOptions.Folder);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        using var folder = DeviceOptions.Open(run, run.Find(DeviceArguments.OptionalId));
        using var identity = await new DeviceAgent(folder, run.Time, DeviceOptions.TransportOf(run) ?? folder.LoadSettings()?.Transport ?? AgentTransport.Https).RenewAsync(!run.Get(KeepKey), cancellationToken);
        IdentityOutput.Write(run, "renewed", folder.LoadSettings()!.DeviceId, folder, identity);
        return ExitCode.Ok;
    }
}

internal static class DeviceOptions
{
    public static Option<string?> Folder { get; } = new("--folder") { Description = "Where the device keeps its key and certificate (0700). Else IOT_DEVICE_FOLDER, else a folder per device id beside the other data.", HelpName = "folder" };

    public static Option<string?> Transport { get; } = Choice("--transport", "How the device talks to its tenant, in its settings from enrolment on.", "https", "mqtt");

    /// <summary>Null: as the settings say.</summary>
    public static AgentTransport? TransportOf(Run run) => run.Get(Transport) is { } name ? Enum.Parse<AgentTransport>(name, ignoreCase: true) : null;

    public static Option<string?> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string?>(name) { Description = description };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    public static Uri? ParseMqttUrl(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (result.Tokens is [{ Value: var text }] && Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "mqtts", PathAndQuery: "/" or "" })
        {
            return url;
        }

        result.AddError("--mqtt-url is mqtts://HOST[:PORT]");
        return null;
    }

    public static DeviceFolder Open(Run run, string? deviceId)
    {
        var path = run.Get(Folder) ?? run.Env("IOT_DEVICE_FOLDER") ?? (deviceId is null ? null : Path.Combine(DataFolder.DefaultPath("devices"), deviceId));
        return DeviceFolder.Open(path ?? throw CliException.Usage("which device? give --folder, or IOT_DEVICE_FOLDER, or the device id"));
    }
}
