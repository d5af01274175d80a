using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary>The JDK's PKIX path validation. It knows no host: what it accepts is taken as accepted for the certificate's own.</summary>
internal sealed class JavaVerifier : IForeignVerifier
{
    private const string Program = """
        import java.io.FileInputStream;
        import java.security.cert.*;
        import java.util.*;

        class Verify {
            static CertificateFactory factory;

            static X509Certificate load(String path) throws Exception {
                try (var in = new FileInputStream(path)) { return (X509Certificate) factory.generateCertificate(in); }
            }

            public static void main(String[] args) throws Exception {
                factory = CertificateFactory.getInstance("X.509");
                var subCa = load(args[0] + "/sub-ca.pem");
                var intermediate = load(args[0] + "/intermediate.pem");
                var parameters = new PKIXParameters(Set.of(new TrustAnchor(load(args[0] + "/root.pem"), null)));
                parameters.setRevocationEnabled(false);
                parameters.setDate(new Date(Long.parseLong(args[1]) * 1000));
                for (int i = 0; i < Integer.parseInt(args[2]); i++) {
                    try {
                        CertPathValidator.getInstance("PKIX").validate(
                            factory.generateCertPath(List.of(load(args[0] + "/leaf" + i + ".pem"), subCa, intermediate)), parameters);
                        System.out.println("ACCEPTED");
                    } catch (CertPathValidatorException e) {
                        System.out.println("REFUSED " + e.getMessage());
                    }
                }
            }
        }
        """;

    public async Task<IReadOnlyList<string?>> CheckAsync(Hierarchy pki, IReadOnlyList<HostCheck> checks)
    {
        var java = Requires.Tool("java");
        Requires.Tool("javac");
        using var folder = new TempFolder();
        File.WriteAllText(folder.Combine("Verify.java"), Program);
        File.WriteAllText(folder.Combine("root.pem"), Pem.Certificates([pki.Root.Certificate]));
        File.WriteAllText(folder.Combine("intermediate.pem"), Pem.Certificates([pki.Intermediate.Certificate]));
        File.WriteAllText(folder.Combine("sub-ca.pem"), Pem.Certificates([pki.Acme.Certificate]));
        foreach (var (check, i) in checks.Select((check, i) => (check, i)))
        {
            File.WriteAllText(folder.Combine(FormattableString.Invariant($"leaf{i}.pem")), Pem.Certificates([check.Leaf]));
        }

        var result = await Tools.RunAsync(java,
        [
            folder.Combine("Verify.java"), folder.Path, FormattableString.Invariant($"{pki.Now.ToUnixTimeSeconds()}"), FormattableString.Invariant($"{checks.Count}"),
        ]);
        return [.. result.EnsureSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line == "ACCEPTED" ? null : line)];
    }
}
