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
        var descriptions = (what == "-" || File.Exists(what) ? Load(what) : await FetchAsync(run, what, cancellationToken)).Select(CertificateDescription.Of).ToArray();
        run.Terminal.Result(descriptions, console =>
        {
            foreach (var description in descriptions)
            {
                Show(console, description);
            }
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
            {
                return [X509CertificateLoader.LoadCertificate(bytes)];
            }

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
        {
            throw new CliException(ExitCode.NotFound, "not_found", $"{serial} is neither a file nor a serial number (decimal, or hex: 0x1f…, 1f:…)");
        }

        var detail = await Connect.ToEitherAsync(run, server => server.GetCertificateAsync(serial, cancellationToken), cancellationToken);
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

/// <summary>A certificate as <c>iot ca inspect</c> shows it.</summary>
internal sealed record CertificateDescription
{
    public required string Subject { get; init; }
    public required string Issuer { get; init; }
    public required string Serial { get; init; }
    public required string SerialHex { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public required string Key { get; init; }
    public required IReadOnlyList<string> Sans { get; init; }
    public required IReadOnlyList<string> Extensions { get; init; }
    public required string FingerprintSha256 { get; init; }

    public static CertificateDescription Of(X509Certificate2 certificate) => new()
    {
        Subject = certificate.Subject,
        Issuer = certificate.Issuer,
        Serial = SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span),
        SerialHex = SerialNumber.ToHex(certificate.SerialNumberBytes.Span),
        NotBefore = certificate.NotBeforeUtc(),
        NotAfter = certificate.NotAfterUtc(),
        Key = KeyText(certificate),
        Sans = [.. SubjectNames.FromCertificate(certificate).AllSans],
        Extensions = [.. certificate.Extensions.Select(ExtensionText.Of)],
        FingerprintSha256 = Fingerprint.Of(certificate),
    };

    private static string KeyText(X509Certificate2 certificate)
    {
        using var ec = certificate.GetECDsaPublicKey();
        if (ec is not null)
        {
            return $"EC P-{ec.KeySize}";
        }

        using var rsa = certificate.GetRSAPublicKey();
        return rsa is null ? certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "unknown" : $"RSA {rsa.KeySize}";
    }
}

/// <summary>One extension in words.</summary>
internal static class ExtensionText
{
    private const string NameConstraintsOid = "2.5.29.30";
    private const string SubjectAlternativeNameOid = "2.5.29.17";
    private const string StepProvisionerOid = "1.3.6.1.4.1.37476.9000.64.1";

    public static string Of(X509Extension extension) => $"{Text(extension)}{(extension.Critical ? " (critical)" : "")}";

    private static string Text(X509Extension extension) => extension switch
    {
        X509BasicConstraintsExtension { CertificateAuthority: true } ca => ca.HasPathLengthConstraint ? $"basic constraints: CA, path length {ca.PathLengthConstraint}" : "basic constraints: CA",
        X509BasicConstraintsExtension => "basic constraints: no CA",
        X509KeyUsageExtension usage => $"key usage: {usage.KeyUsages}",
        X509EnhancedKeyUsageExtension extended => $"extended key usage: {string.Join(", ", extended.EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.FriendlyName ?? oid.Value))}",
        X509SubjectKeyIdentifierExtension subject => $"subject key id: {subject.SubjectKeyIdentifier}",
        X509AuthorityKeyIdentifierExtension { KeyIdentifier: { } key } => $"authority key id: {Convert.ToHexString(key.Span)}",
        { Oid.Value: NameConstraintsOid } => $"name constraints: {Constraints(extension)}",
        { Oid.Value: SubjectAlternativeNameOid } => "subject alternative names: above",
        { Oid.Value: StepProvisionerOid } => "step provisioner",
        _ => extension.Oid?.FriendlyName ?? extension.Oid?.Value ?? "unknown",
    };

    private static string Constraints(X509Extension extension)
    {
        var c = NameConstraints.Parse(extension.RawData);
        var parts = new (string Name, IEnumerable<string> Values)[]
        {
            ("permitted DNS", c.PermittedDns), ("excluded DNS", c.ExcludedDns),
            ("permitted IP", c.PermittedIp.Select(n => n.ToString())), ("excluded IP", c.ExcludedIp.Select(n => n.ToString())),
            ("permitted e-mail", c.PermittedEmail), ("excluded e-mail", c.ExcludedEmail),
            ("permitted URI", c.PermittedUriDomains), ("excluded URI", c.ExcludedUriDomains),
        };
        return string.Join("; ", parts.Where(part => part.Values.Any()).Select(part => $"{part.Name} {string.Join(", ", part.Values)}"));
    }
}
