using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaList
{
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, newest first.", DefaultValueFactory = _ => 200 };

    public static Command Create() => Verb.Create(
        "list", "List the certificates a provider, or with --tenant a tenant, has issued.",
        ["iot ca list", "iot ca list --tenant --profile device --expiring-within 8h", "iot ca list --text pump-1 --json", "iot ca list --provisioner builds --state valid"],
        RunAsync, [.. CertificateFlags.All, Limit, SerialText.Hex, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var filter = CertificateFlags.Filter(run);
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
