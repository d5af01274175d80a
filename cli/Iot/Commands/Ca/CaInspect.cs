using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaInspect
{
    private const int MaxFileBytes = 1024 * 1024;
    private static readonly Argument<string> What = new("file-or-serial") { Description = "A PEM or DER file, '-' for stdin, or the serial of an issued certificate, decimal or hex." };

    public static Command Create() => Verb.Create(
        "inspect", "Show what is in a certificate; of a file with several, all of them.",
        ["iot ca inspect device.crt", "iot ca inspect 310927411839122 --tenant"], RunAsync, [What, .. EitherOptions.All]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var what = run.Get(What);
        var descriptions = (what == "-" || File.Exists(what) ? Load(what) : await FetchAsync(run, what, cancellationToken).ConfigureAwait(false)).Select(CertificateDescription.Of).ToArray();
        run.Terminal.Result(descriptions, console =>
        {
            foreach (var description in descriptions)
                Show(console, description);
        });
        return ExitCode.Ok;
    }

    private static IEnumerable<X509Certificate2> Load(string path)
    {
        using var input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        var bytes = Bounded.Read(input, MaxFileBytes, path);
        try
        {
            var text = System.Text.Encoding.UTF8.GetString(bytes);
            if (!text.Contains("-----BEGIN", StringComparison.Ordinal))
                return [X509CertificateLoader.LoadCertificate(bytes)];
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(text);
            return certificates.Count > 0 ? certificates : throw CliException.Failed("malformed", $"{path} holds no certificate");
        }
        catch (CryptographicException e)
        {
            throw CliException.Failed("malformed", $"{path} is not a certificate: {e.Message}");
        }
    }

    private static async Task<IEnumerable<X509Certificate2>> FetchAsync(Run run, string serial, CancellationToken cancellationToken)
    {
        if (!SerialNumber.TryParse(serial, out _))
            throw new CliException(ExitCode.NotFound, "not_found", $"{serial} is neither a file nor a serial number (decimal, or hex: 0x1f…, 1f:…)");
        var detail = await Connect.ToEitherAsync(run, server => server.GetCertificateAsync(serial, cancellationToken), cancellationToken).ConfigureAwait(false);
        return [X509Certificate2.CreateFromPem(detail.Pem)];
    }

    private static void Show(IAnsiConsole console, CertificateDescription certificate)
    {
        Print.Facts(
            console,
            ("subject", certificate.Subject), ("issuer", certificate.Issuer), ("serial", SerialText.Both(certificate.Serial)),
            ("valid from", Print.Time(certificate.NotBefore)), ("valid until", Print.Time(certificate.NotAfter)), ("key", certificate.Key),
            ("names", certificate.Sans.Count == 0 ? null : string.Join('\n', certificate.Sans)),
            ("extensions", string.Join('\n', certificate.Extensions)), ("SHA-256", certificate.FingerprintSha256));
        console.WriteLine();
    }
}
