using System.CommandLine;
using System.CommandLine.Parsing;
using IoTPlatform.Agent;
using IoTPlatform.Client;

namespace IoTPlatform.IotAgent;

/// <summary>The one command: enrols the device if it is not enrolled yet, and is the device until it is stopped.</summary>
internal static class AgentCommand
{
    private const string FolderVariable = "IOT_DEVICE_FOLDER";

    private static readonly Option<string> Folder = new("--folder")
    {
        Description = $"Where the device keeps its key and certificate (0700). Else {FolderVariable}, else /var/lib/iot-agent.",
        HelpName = "folder",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? folder : "/var/lib/iot-agent",
    };

    private static readonly Option<FileInfo> Enroll = new("--enroll") { Description = "File with the line iotenroll://… that 'iot devices token' prints, or that the QR code says. Not read where the device is enrolled.", HelpName = "file" };
    private static readonly Option<string?> Id = new("--id") { Description = "Device id, for a fleet token.", HelpName = "device-id" };
    private static readonly Option<string?> Name = new("--name") { Description = "Display name, at enrolment." };
    private static readonly Option<string?> Type = new("--type") { Description = "Kind of device, at enrolment." };
    private static readonly Option<string?> Transport = new("--transport") { Description = "How it talks to its tenant: at enrolment for good (mqtt if not given), later for this run.", HelpName = "https|mqtt" };
    private static readonly Option<Uri?> MqttUrl = new("--mqtt-url") { Description = "Where the tenant speaks MQTT, mqtts://HOST[:PORT], at enrolment; else at its URL, where that is negotiated.", HelpName = "url", CustomParser = ParseMqttUrl };
    private static readonly Option<bool> WireGuard = new("--wireguard") { Description = "Make a WireGuard key and ask for an address, at enrolment; writes wg0.conf." };
    private static readonly Option<bool> KeepKey = new("--keep-key") { Description = "Keep the key at renewals instead of making a new one." };
    private static readonly Option<string?> Telemetry = new("--telemetry") { Description = "Send readings: of the machine (cpu, memory, uptime, disk), or the JSON objects on standard input, one a line.", HelpName = "system|stdin" };
    private static readonly Option<int> Interval = new("--interval") { Description = "How often the machine is read.", HelpName = "seconds", DefaultValueFactory = _ => 60 };
    private static readonly Option<int> Spool = new("--spool") { Description = "MiB of readings that wait on disk while there is no connection; beyond it the oldest are dropped and counted.", HelpName = "MiB", DefaultValueFactory = _ => 16 };
    private static readonly Option<FileInfo> OnCommand = new("--on-command") { Description = "Executable that carries commands out: payload on its standard input, IOT_COMMAND and IOT_COMMAND_ID in its environment; its output is the answer. Over MQTT only.", HelpName = "file" };
    private static readonly Option<int> CommandTimeout = new("--command-timeout") { Description = "When it is killed.", HelpName = "seconds", DefaultValueFactory = _ => 60 };

    /// <summary>Runs what the command line says; 2 where it says nothing that makes sense.</summary>
    public static async Task<int> InvokeAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var given = Create().Parse(arguments);
        if (given.Errors.Count == 0)
        {
            return await given.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, cancellationToken);
        }

        foreach (var error in given.Errors)
        {
            await Console.Error.WriteLineAsync($"error: {error.Message} (iot-agent --help)");
        }

        return 2;
    }

    private static RootCommand Create()
    {
        Transport.AcceptOnlyFromAmong("https", "mqtt");
        Telemetry.AcceptOnlyFromAmong("system", "stdin");
        Enroll.AcceptExistingOnly();
        OnCommand.AcceptExistingOnly();
        foreach (var count in (Option<int>[])[Interval, Spool, CommandTimeout])
        {
            count.Validators.Add(result =>
            {
                if (result.Tokens.Count == 1 && result.GetValueOrDefault<int>() is < 1 or > 86_400)
                {
                    result.AddError($"{count.Name} is a whole number from 1 to 86400");
                }
            });
        }

        var command = new RootCommand(
            """
            Be a device: enrol with a tenant, keep the certificate current, send readings and carry commands out. Ends with 0 when stopped, 1 when the
            tenant refuses to enrol it, 2 where the command line is wrong, 3 when the device is revoked or its certificate has run out.

              iot-agent --enroll pump-1.enroll --telemetry system
              sensor | iot-agent --telemetry stdin --on-command /usr/local/bin/pump-command
            """);
        foreach (var option in (Option[])[Folder, Enroll, Id, Name, Type, Transport, MqttUrl, WireGuard, KeepKey, Telemetry, Interval, Spool, OnCommand, CommandTimeout])
        {
            command.Options.Add(option);
        }

        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult given, CancellationToken cancellationToken)
    {
        try
        {
            using var folder = DeviceFolder.Open(given.GetRequiredValue(Folder));
            if (folder.LoadIdentity() is { } identity)
            {
                identity.Dispose();
            }
            else
            {
                await new FirstEnrollment(folder, TimeProvider.System, RandomJitter.Instance, Write).RunAsync(Enrollment(given), given.GetValue(WireGuard), cancellationToken);
            }

            return await new RunningAgent(folder, Options(given), TimeProvider.System, RandomJitter.Instance, Write).RunAsync(cancellationToken) == AgentOutcome.Stopped ? 0 : 3;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (UsageException e)
        {
            await Console.Error.WriteLineAsync($"error: {e.Message}");
            return 2;
        }
        catch (Exception e) when (e is AgentException or Client.ApiException or Client.UnreachableException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"error: {e.Message}");
            return 1;
        }
    }

    private static EnrollmentText ReadText(FileInfo file) =>
        EnrollmentText.TryRead((File.ReadLines(file.FullName).FirstOrDefault() ?? "").Trim(), out var text) ? text : throw new UsageException($"{file} has no line iotenroll://…: make one with 'iot devices token'");

    private static EnrollmentOrder Enrollment(ParseResult given)
    {
        var text = ReadText(given.GetValue(Enroll) ?? throw new UsageException($"the device in {given.GetRequiredValue(Folder)} is not enrolled: give --enroll FILE"));
        var id = given.GetValue(Id) ?? text.DeviceId ?? throw new UsageException("the enrolment line is a fleet's: give --id DEVICE-ID");
        if (text.DeviceId is { } other && other != id)
        {
            throw new UsageException($"the enrolment line is for device {other}, not for {id}");
        }

        return new EnrollmentOrder(text, new DeviceSettings
        {
            TenantUrl = text.TenantUrl,
            DeviceId = id,
            TrustDomain = text.TrustDomain,
            DeviceName = given.GetValue(Name),
            DeviceType = given.GetValue(Type),
            Transport = TransportOf(given) ?? AgentTransport.Mqtt,
            MqttUrl = given.GetValue(MqttUrl),
        });
    }

    private static AgentOptions Options(ParseResult given) => new()
    {
        RotateKey = !given.GetValue(KeepKey),
        Transport = TransportOf(given),
        SystemReadings = given.GetValue(Telemetry) == "system" ? TimeSpan.FromSeconds(given.GetValue(Interval)) : null,
        Lines = given.GetValue(Telemetry) == "stdin" ? Console.In : null,
        SpoolBytes = given.GetValue(Spool) * 1024L * 1024,
        CommandExecutable = given.GetValue(OnCommand)?.FullName,
        CommandTimeout = TimeSpan.FromSeconds(given.GetValue(CommandTimeout)),
    };

    private static AgentTransport? TransportOf(ParseResult given) => given.GetValue(Transport) is { } name ? Enum.Parse<AgentTransport>(name, ignoreCase: true) : null;

    private static Uri? ParseMqttUrl(ArgumentResult result)
    {
        if (result.Tokens is [{ Value: var text }] && Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "mqtts", PathAndQuery: "/" or "" })
        {
            return url;
        }

        result.AddError("--mqtt-url is mqtts://HOST[:PORT]");
        return null;
    }

    private static void Write(AgentEvent e) =>
        Console.Out.WriteLine($"{e.At:u} {e.Message}{(e.Kind == AgentEventKind.Retrying && e.Next is { } next ? $"; next attempt {next:u}" : "")}");
}

/// <summary>The command line does not say what to do; the message names the remedy.</summary>
internal sealed class UsageException(string message) : Exception(message);
