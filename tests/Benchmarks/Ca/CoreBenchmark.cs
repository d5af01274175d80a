using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>The CA core on one thread: no HTTPS, no database.</summary>
internal static class CoreBenchmark
{
    private const string DefaultLeaf = """
        {
        	"subject": {{ toJson .Subject }},
        	"sans": {{ toJson .SANs }},
        {{- if typeIs "*rsa.PublicKey" .Insecure.CR.PublicKey }}
        	"keyUsage": ["keyEncipherment", "digitalSignature"],
        {{- else }}
        	"keyUsage": ["digitalSignature"],
        {{- end }}
        	"extKeyUsage": ["serverAuth", "clientAuth"]
        }
        """;

    // Hot methods are compiled again by one thread in the background, which waits its turn on a busy machine.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);

    public static IEnumerable<CoreResult> Run(TimeSpan duration)
    {
        using var signer = CreateIssuer();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = CertificateSigningRequest.CreatePem(key, SubjectNames.FromSans("device-1.bench.example", ["device-1.bench.example"]));
        var request = CertificateSigningRequest.ParsePem(pem);
        yield return Measure("parse and verify CSR", duration, () => CertificateSigningRequest.ParsePem(pem));
        var input = new TemplateInput { Names = request.Names, Request = request, Token = """{"sub":"device-1.bench.example"}"""u8.ToArray() };
        foreach (var (name, text) in new[] { ("step-ca's default leaf", DefaultLeaf), ("device-leaf.tpl", File.ReadAllText(Path.Combine(Tools.RepositoryRoot, "deploy", "templates", "device-leaf.tpl"))) })
        {
            // As its provisioner has it: base64, for it begins with a comment.
            var options = JsonElement.Parse(JsonSerializer.Serialize(new { template = Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) }));
            var template = LeafTemplate.Of(options)!;
            yield return Measure($"render {name} (plan cached)", duration, () => template.Render(input, TimeProvider.System));
            yield return Measure($"read {name} and render it", duration, () => LeafTemplate.Of(options)!.Render(input, TimeProvider.System));
        }

        yield return Measure("prepare (build, lint)", duration, () => signer.Prepare(Template(request)));
        yield return Measure("prepare and issue", duration, () => signer.Issue(signer.Prepare(Template(request))));
    }

    private static CoreResult Measure(string operation, TimeSpan duration, Action action)
    {
        Repeat(WarmUp, action);
        var (count, elapsed) = Repeat(duration, action);
        return new CoreResult(operation, count / elapsed.TotalSeconds);
    }

    private static (long Count, TimeSpan Elapsed) Repeat(TimeSpan duration, Action action)
    {
        var started = Stopwatch.GetTimestamp();
        for (var count = 1L; ; count++)
        {
            action();
            if (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed >= duration)
            {
                return (count, elapsed);
            }
        }
    }

    private static CaSigner CreateIssuer()
    {
        var rootKey = CaKey.Generate(KeyKind.P384); // the signer owns it
        var key = CaKey.Generate(KeyKind.P256);
        var now = TimeProvider.System.GetUtcNow();
        var root = CaSigner.SelfSign(rootKey, new CertificateTemplate
        {
            Profile = Profiles.Root,
            SubjectPublicKeyInfo = rootKey.SubjectPublicKeyInfo,
            Key = KeyKind.P384,
            Names = new SubjectNames { CommonName = "Benchmark Root CA" },
            NotBefore = now,
            NotAfter = now + Profiles.Root.DefaultLifetime,
        });
        using var rootSigner = new CaSigner(root, rootKey);
        var intermediate = rootSigner.Issue(rootSigner.Prepare(new CertificateTemplate
        {
            Profile = Profiles.Intermediate,
            SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
            Key = KeyKind.P256,
            Names = new SubjectNames { CommonName = "Benchmark Intermediate CA" },
            NotBefore = now,
            NotAfter = now + Profiles.Intermediate.DefaultLifetime,
        }));
        return new CaSigner(X509CertificateLoader.LoadCertificate(intermediate.Der.Span), key);
    }

    private static CertificateTemplate Template(CertificateSigningRequest request)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateTemplate
        {
            Profile = Profiles.Leaf,
            SubjectPublicKeyInfo = request.SubjectPublicKeyInfo,
            Key = request.Key,
            Names = request.Names,
            NotBefore = now - TimeSpan.FromMinutes(1),
            NotAfter = now + Profiles.Leaf.DefaultLifetime,
        };
    }
}
