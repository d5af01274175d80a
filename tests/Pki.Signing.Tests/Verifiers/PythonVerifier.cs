using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary>python-cryptography: its ServerVerifier where it has one (from 42 on). A constraint that is none makes it refuse the whole Sub-CA.</summary>
internal sealed class PythonVerifier : IForeignVerifier
{
    private const string Script = """
        import datetime, ipaddress, sys
        from cryptography import x509
        folder, now, hosts = sys.argv[1], datetime.datetime.fromtimestamp(int(sys.argv[2]), datetime.timezone.utc), sys.argv[3:]
        load = lambda name: x509.load_pem_x509_certificate(open(folder + "/" + name, "rb").read())
        root, intermediate, sub_ca = load("root.pem"), load("intermediate.pem"), load("sub-ca.pem")
        constraints = sub_ca.extensions.get_extension_for_class(x509.NameConstraints)
        assert constraints.critical
        names = [n.value for n in (constraints.value.permitted_subtrees or []) + (constraints.value.excluded_subtrees or []) if isinstance(n, x509.DNSName)]
        assert names and not any("*" in n or n.startswith(".") for n in names), names
        try:
            from cryptography.x509 import verification
        except ImportError:
            print("PARSED"); sys.exit(0)
        for i, host in enumerate(hosts):
            try:
                subject = x509.IPAddress(ipaddress.ip_address(host))
            except ValueError:
                subject = x509.DNSName(host)
            verifier = verification.PolicyBuilder().store(verification.Store([root])).time(now.replace(tzinfo=None)).build_server_verifier(subject)
            try:
                verifier.verify(load("leaf%d.pem" % i), [sub_ca, intermediate])
                print("ACCEPTED")
            except verification.VerificationError as e:
                print("REFUSED " + str(e).replace("\n", " "))
        """;

    /// <summary>Debian 12's version (38) has no verifier; with it the test is skipped after the constraints were read.</summary>
    public async Task<IReadOnlyList<string?>> CheckAsync(Hierarchy pki, IReadOnlyList<HostCheck> checks)
    {
        var lines = await RunAsync(Requires.Tool("python3"), pki, checks);
        Skip.If(lines is ["PARSED"], "this python-cryptography has no verifier; it has read the Sub-CA's constraints");
        return [.. lines.Select(line => line == "ACCEPTED" ? null : line)];
    }

    private static async Task<IReadOnlyList<string>> RunAsync(string python, Hierarchy pki, IReadOnlyList<HostCheck> checks)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.Combine("root.pem"), Pem.Certificates([pki.Root.Certificate]));
        File.WriteAllText(folder.Combine("intermediate.pem"), Pem.Certificates([pki.Intermediate.Certificate]));
        File.WriteAllText(folder.Combine("sub-ca.pem"), Pem.Certificates([pki.Acme.Certificate]));
        foreach (var (check, i) in checks.Select((check, i) => (check, i)))
        {
            File.WriteAllText(folder.Combine(FormattableString.Invariant($"leaf{i}.pem")), Pem.Certificates([check.Leaf]));
        }

        Requires.That((await Tools.RunAsync(python, ["-c", "import cryptography"])).ExitCode == 0, $"{python} has no cryptography (apt: python3-cryptography)");
        var result = await Tools.RunAsync(python, ["-c", Script, folder.Path, FormattableString.Invariant($"{pki.Now.ToUnixTimeSeconds()}"), .. checks.Select(check => check.Host)]);
        return result.EnsureSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
