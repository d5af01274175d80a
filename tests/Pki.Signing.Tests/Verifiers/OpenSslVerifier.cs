using System.Globalization;
using System.Net;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary><c>openssl verify -x509_strict -verify_hostname</c>.</summary>
internal sealed class OpenSslVerifier : IForeignVerifier
{
    public async Task<IReadOnlyList<string?>> CheckAsync(Hierarchy pki, IReadOnlyList<HostCheck> checks)
    {
        var openssl = Requires.Tool("openssl");
        using var folder = new TempFolder();
        File.WriteAllText(folder.Combine("untrusted.pem"), pki.AcmeChain.IntermediatesPem);
        File.WriteAllText(folder.Combine("root.pem"), Pem.Certificates([pki.Root.Certificate]));
        var reasons = new List<string?>();
        foreach (var check in checks)
        {
            File.WriteAllText(folder.Combine("leaf.pem"), Pem.Certificates([check.Leaf]));
            var result = await Tools.RunAsync(openssl,
            [
                "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-attime", pki.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), "-purpose", "sslserver",
                IPAddress.TryParse(check.Host, out _) ? "-verify_ip" : "-verify_hostname", check.Host,
                "-CAfile", folder.Combine("root.pem"), "-untrusted", folder.Combine("untrusted.pem"), folder.Combine("leaf.pem"),
            ]);
            reasons.Add(result.ExitCode == 0 ? null : result.Error);
        }

        return reasons;
    }
}
