using System.CommandLine;
using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki.Files;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class DevicesToken
{
    private static readonly Option<int> Uses = new("--uses") { Description = "How many devices may enrol with it: a fleet token. Only without a device id.", DefaultValueFactory = _ => 1 };
    private static readonly Option<TimeSpan> Expires = new("--expires") { Description = "How long it can be used: 30m, 24h, 7d; 30 days at the most.", DefaultValueFactory = _ => TimeSpan.FromDays(1), CustomParser = Duration.Parse, HelpName = "time" };
    private static readonly Option<string?> Note = new("--note") { Description = "For the operator's memory." };
    private static readonly Option<string?> EnvFile = new("--env-file") { Description = "Write token, tenant, trust domain and fingerprint into this file (0600) instead of showing them: for 'iot device enroll --env-file'.", HelpName = "file" };
    private static readonly Option<string?> LineFile = new("--line-file") { Description = "Write the line iotenroll://… of the QR code into this file (0600) instead of showing it: for 'iot-agent --enroll', or --token-file.", HelpName = "file" };
    private static readonly Option<string?> Out = new("--out") { Description = "Write the token into this file (0600) instead of showing it.", HelpName = "file" };

    public static Command Create() => Verb.Create(
        "token", "Make an enrolment token for one device, or for a fleet.",
        ["iot devices token pump-1", "iot devices token pump-1 --env-file pump-1.env", "iot devices token --uses 500 --expires 7d --note \"first batch\" --out fleet.token"],
        RunAsync, [DeviceArguments.OptionalId, Uses, Expires, Note, EnvFile, LineFile, Out, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var token = await tenant.CreateTokenAsync(new CreateEnrollmentTokenRequest
        {
            DeviceId = run.Find(DeviceArguments.OptionalId),
            Uses = run.Get(Uses),
            ExpiresInSeconds = (int)Math.Min(int.MaxValue, run.Get(Expires).TotalSeconds),
            Note = run.Get(Note),
        }, cancellationToken);
        Write(run, token);
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Write(Run run, CreatedEnrollmentToken token)
    {
        var whose = token.DeviceId ?? string.Create(CultureInfo.InvariantCulture, $"{token.Uses} device(s)");
        if ((run.Get(EnvFile) ?? run.Get(LineFile) ?? run.Get(Out)) is { } file)
        {
            if (run.Get(EnvFile) is { } environment)
            {
                AtomicFile.WriteText(environment, Environment(token), AtomicFile.Secret);
            }

            if (run.Get(LineFile) is { } line)
            {
                AtomicFile.WriteText(line, EnrollmentText.Of(token).Write() + "\n", AtomicFile.Secret);
            }

            if (run.Get(Out) is { } plain)
            {
                AtomicFile.WriteText(plain, token.Token + "\n", AtomicFile.Secret);
            }

            run.Terminal.Result(
                new { token.Id, token.DeviceId, token.Uses, token.ExpiresAt, token.TenantUrl, token.RootFingerprint, token.TrustDomain, File = Path.GetFullPath(file) },
                console => console.MarkupLineInterpolated($"the token for {whose} is in {file} until {Print.Time(token.ExpiresAt)}"));
            return;
        }
        run.Terminal.Result(token, console =>
        {
            console.MarkupLineInterpolated($"enrolment token for {whose}, until {Print.Time(token.ExpiresAt)}, shown only now:");
            console.MarkupLineInterpolated($"\n    [bold]{token.Token}[/]\n");
            console.MarkupLineInterpolated($"on the device: iot device enroll {token.DeviceId ?? "DEVICE-ID"} --token-file FILE --url {token.TenantUrl} --fingerprint {token.RootFingerprint} --trust-domain {token.TrustDomain}");
            console.WriteLine("all of it in one line, as for a QR code, for --token-file:");
            console.WriteLine(EnrollmentText.Of(token).Write());
        });
    }

    private static string Environment(CreatedEnrollmentToken token) =>
        $"""
        # Enrolment of {token.DeviceId ?? "a device"}: iot device enroll {token.DeviceId ?? "DEVICE-ID"} --env-file <this file>. Holds a secret until it is used.
        IOT_TENANT_URL={token.TenantUrl}
        STEP_CA_FINGERPRINT={token.RootFingerprint}
        IOT_TRUST_DOMAIN={token.TrustDomain}
        IOT_ENROLLMENT_TOKEN={token.Token}

        """;
}

internal static class DevicesTokens
{
    public static Command Create() => Verb.Create(
        "tokens", "List the enrolment tokens; the tokens themselves are stored nowhere.", ["iot devices tokens"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var tokens = await Pages.CollectAsync(cursor => tenant.ListTokensAsync(cursor, cancellationToken: cancellationToken));
        run.Terminal.Result(tokens, console => Print.Rows(
            console, tokens, "no enrolment tokens; make one: iot devices token DEVICE-ID",
            ("ID", t => t.Id.ToString()), ("DEVICE", t => t.DeviceId ?? "any"), ("USED", t => string.Create(CultureInfo.InvariantCulture, $"{t.Used}/{t.Uses}")),
            ("EXPIRES", t => Print.Time(t.ExpiresAt)), ("REVOKED", t => Print.Time(t.RevokedAt)), ("NOTE", t => t.Note)));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class DevicesRevokeToken
{
    private static readonly Argument<Guid> Id = new("token-id") { Description = "From 'iot devices tokens'." };

    public static Command Create() => Verb.Create(
        "revoke-token", "Revoke an enrolment token; devices that used it are not touched.", ["iot devices revoke-token 0199f1c2-7d5a-7c11-9a53-2f3f6d1f0a11"],
        RunAsync, [Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var id = run.Get(Id);
        await tenant.RevokeTokenAsync(id, cancellationToken);
        run.Terminal.Result(new { Id = id, Status = "revoked" }, console => console.MarkupLineInterpolated($"[green]revoked[/] token {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
