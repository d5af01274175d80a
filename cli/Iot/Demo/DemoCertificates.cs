using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>Every certificate the three stacks have on record, checked up to the root by our own verifier and, where it is there, by OpenSSL.</summary>
internal sealed class DemoCertificates(DemoFolder folder, TimeProvider time)
{
    public async Task<IReadOnlyList<DemoCertificate>> VerifyAsync(
        IReadOnlyList<(string Stack, PlatformClient Admin)> stacks, RootTrust root, CancellationToken cancellationToken)
    {
        var issued = new List<Recorded>();
        foreach (var (stack, admin) in stacks)
        {
            issued.AddRange(await FetchAsync(stack, admin, cancellationToken));
        }

        var authorities = issued.Select(record => record.Certificate).Where(IsAuthority).ToArray();
        foreach (var record in issued)
        {
            Check(record, authorities, root);
        }

        var openssl = await OpensslAsync(issued, authorities, root, cancellationToken);
        string[] verifiers = openssl is null ? ["iot"] : ["iot", openssl];
        return [.. issued.Select(record => new DemoCertificate(
            record.Stack, record.Summary.Profile, record.Summary.Subject, Name(record.Certificate.IssuerName), record.Summary.Serial, record.Summary.NotAfter,
            record.Summary.RevokedAt is not null, Path(record.Certificate, [.. authorities, root.Root]), verifiers))];
    }

    private static async Task<IReadOnlyList<Recorded>> FetchAsync(string stack, PlatformClient admin, CancellationToken cancellationToken)
    {
        var records = new List<Recorded>();
        foreach (var summary in await Pages.CollectAsync(cursor => admin.ListCertificatesAsync(cursor: cursor, cancellationToken: cancellationToken)))
        {
            var detail = await admin.GetCertificateAsync(summary.Serial, cancellationToken);
            records.Add(new Recorded(stack, summary, X509Certificate2.CreateFromPem(detail.Pem)));
        }
        return records;
    }

    private void Check(Recorded record, X509Certificate2[] authorities, RootTrust root)
    {
        var purpose = record.Summary.Profile switch
        {
            "device" or "mqtt-bridge" => CertificatePurpose.ClientAuth,
            "service" => CertificatePurpose.ServerAuth,
            _ when IsAuthority(record.Certificate) => CertificatePurpose.CertificateAuthority,
            _ => CertificatePurpose.Any,
        };
        var verdict = ChainVerifier.Verify(record.Certificate, authorities, [root.Root], purpose, time.GetUtcNow());
        Expect.That(verdict.IsValid, $"the chain of {record.Summary.Subject} ({record.Summary.Serial}) does not hold: {verdict.Reason}");
    }

    private async Task<string?> OpensslAsync(IReadOnlyList<Recorded> issued, X509Certificate2[] authorities, RootTrust root, CancellationToken cancellationToken)
    {
        if (ProgramPath.Find("openssl") is not { } openssl)
        {
            return null;
        }

        var certificates = folder.Create("certificates");
        var rootFile = Save("root_ca.crt", [root.Root]);
        var untrusted = Save("authorities.pem", authorities);
        var files = issued.Select(record => Save($"{record.Stack}-{record.Summary.Serial}.crt", [record.Certificate])).ToArray();
        var version = (await ToolRun.RunAsync(openssl, ["version"], cancellationToken)).Output;
        var verify = await ToolRun.RunAsync(openssl, ["verify", "-x509_strict", "-CAfile", rootFile, "-untrusted", untrusted, .. files], cancellationToken);
        Expect.That(verify.ExitCode == 0, $"openssl verify -x509_strict refuses a chain:\n{verify.Output}{verify.Error}");
        return string.Join(' ', version.Split(' ').Take(2));

        string Save(string name, IEnumerable<X509Certificate2> content)
        {
            var path = System.IO.Path.Combine(certificates, name);
            AtomicFile.WriteText(path, content.Aggregate(new StringBuilder(), (text, certificate) => text.Append(Pem.Certificate(certificate.RawData))).ToString(), AtomicFile.Public);
            return path;
        }
    }

    private static IReadOnlyList<string> Path(X509Certificate2 leaf, X509Certificate2[] authorities)
    {
        var path = new List<string> { Name(leaf.SubjectName) };
        for (var current = leaf; !IsSelfIssued(current) && path.Count < 8;)
        {
            current = Array.Find(authorities, candidate => IsIssuerOf(candidate, current)) ?? throw CliException.Failed("demo_failed", $"nobody on record issued {current.Subject}");
            path.Add(Name(current.SubjectName));
        }
        return path;
    }

    private static bool IsIssuerOf(X509Certificate2 issuer, X509Certificate2 certificate) =>
        issuer.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData)
        && certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } wanted
        && issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } key
        && key.SubjectKeyIdentifierBytes.Span.SequenceEqual(wanted.Span);

    private static bool IsSelfIssued(X509Certificate2 certificate) => certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    private static bool IsAuthority(X509Certificate2 certificate) => certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);

    private static string Name(X500DistinguishedName name) => name.EnumerateRelativeDistinguishedNames().LastOrDefault(part => part.GetSingleElementType().Value == "2.5.4.3")?.GetSingleElementValue() ?? name.Name;

    private sealed record Recorded(string Stack, CertificateSummary Summary, X509Certificate2 Certificate);
}
