using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaList
{
    private static readonly Option<string?> Text = new("--text") { Description = "Part of a subject or a SAN, or a whole serial, decimal or hex." };
    private static readonly Option<string?> Profile = new("--profile") { Description = "root, intermediate, tenant-sub-ca, service, mqtt-bridge, device or leaf." };
    private static readonly Option<string?> Subject = new("--subject") { Description = "Exact subject." };
    private static readonly Option<bool> Revoked = new("--revoked") { Description = "Only revoked ones." };
    private static readonly Option<TimeSpan?> Expiring = new("--expiring-within") { Description = "Only those that are valid now and expire within this time: 24h, 30d.", CustomParser = result => Duration.Parse(result), HelpName = "time" };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, newest first.", DefaultValueFactory = _ => 200 };

    public static Command Create() => Verb.Create(
        "list", "List the certificates a provider, or with --tenant a tenant, has issued.",
        ["iot ca list", "iot ca list --tenant --profile device --expiring-within 8h", "iot ca list --text pump-1 --json"],
        RunAsync, [Text, Profile, Subject, Revoked, Expiring, Limit, SerialText.Hex, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var now = run.Time.GetUtcNow();
        var within = run.Get(Expiring);
        var filter = new CertificateFilter
        {
            Text = run.Get(Text),
            Profile = run.Get(Profile),
            Subject = run.Get(Subject),
            Revoked = run.Get(Revoked) ? true : null,
            ExpiringBefore = within is null ? null : now + within,
            ExpiringAfter = within is null ? null : now,
        };
        var certificates = await Pages.CollectAsync(cursor => server.ListCertificatesAsync(filter, cursor, cancellationToken: cancellationToken), run.Get(Limit));
        run.Terminal.Result(certificates, console => CertificateTable.Print(run, console, certificates));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class CertificateTable
{
    public static void Print(Run run, IAnsiConsole console, IReadOnlyCollection<CertificateSummary> certificates) => Iot.Print.Rows(
        console, certificates, "no certificates",
        ("SERIAL", c => SerialText.Column(run, c.Serial)), ("SUBJECT", c => c.Subject), ("PROFILE", c => c.Profile), ("ISSUER", c => c.Issuer),
        ("UNTIL", c => Iot.Print.Time(c.NotAfter)), ("REVOKED", c => Iot.Print.Time(c.RevokedAt)));
}
