using System.CommandLine;
using IoTPlatform.Client;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Whoever has certificates, one after the other.</summary>
internal static class CaEndpoints
{
    private static readonly Option<string?> Name = new("--name") { Description = "One of its names in full." };
    private static readonly Option<string?> Provisioner = new("--provisioner") { Description = "Name of the provisioner." };
    private static readonly Option<string?> Profile = new("--profile") { Description = "service, mqtt-bridge, device or leaf." };
    private static readonly Option<bool?> Active = new("--active") { Description = "Only those that have a certificate that is good now; --active=false: the others.", HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool?> Expiring = new("--expiring") { Description = "Only those whose newest certificate is about to run out; --expiring=false: the others.", HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, those with the newest certificates first.", DefaultValueFactory = _ => 200 };

    public static Command Create() => Verb.Create(
        "endpoints", "List whoever has certificates: renewals are of one endpoint, and where nothing is renewed, certificates of the same names.",
        ["iot ca endpoints", "iot ca endpoints --name api.example.com", "iot ca endpoints --expiring", "iot ca endpoints --tenant --active=false"],
        RunAsync, [Name, Provisioner, Profile, Active, Expiring, Limit, SerialText.Hex, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var filter = new EndpointFilter { Name = run.Get(Name), Provisioner = run.Get(Provisioner), Profile = run.Get(Profile), Active = run.Get(Active), Expiring = run.Get(Expiring) };
        var endpoints = await Pages.CollectAsync(cursor => server.ListEndpointsAsync(filter, cursor, cancellationToken: cancellationToken), run.Get(Limit));
        run.Terminal.Result(endpoints, console => Print.Rows(
            console, endpoints, "no endpoints",
            ("ID", e => Invariant(e.Id)), ("NAME", e => e.Subject), ("PROFILE", e => e.Profile), ("PROVISIONER", e => e.Provisioner),
            ("ACTIVE", e => Invariant(e.Active)), ("CERTIFICATES", e => Invariant(e.Certificates)), ("UNTIL", e => Print.Time(e.LatestNotAfter)), ("LATEST", e => SerialText.Column(run, e.LatestSerial))));
        return ExitCode.Ok;
    }, cancellationToken);

    private static string Invariant(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Certificates as a file.</summary>
internal static class CaExport
{
    private static readonly Argument<string> File = new("file") { Description = "Where to; it is there only when it is whole." };
    private static readonly Option<string> Format = new("--format") { Description = "csv, or json: an object a line.", DefaultValueFactory = _ => "csv" };

    public static Command Create() => Verb.Create(
        "export", "Write certificates to a file, however many.", ["iot ca export certificates.csv", "iot ca export builds.json --format json --provisioner builds --state valid"],
        RunAsync, [File, Format, .. CertificateFlags.All, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var file = run.Get(File);
        var part = file + ".part";
        try
        {
            await using (var stream = System.IO.File.Create(part))
            {
                await server.ExportCertificatesAsync(CertificateFlags.Filter(run), run.Get(Format)!, stream, cancellationToken);
            }

            System.IO.File.Move(part, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, "no_file", $"{file} can't be written: {e.Message}", e);
        }
        finally
        {
            System.IO.File.Delete(part);
        }

        run.Terminal.Result(new { File = file, Status = "written" }, console => console.MarkupLineInterpolated($"[green]written[/] {file}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
