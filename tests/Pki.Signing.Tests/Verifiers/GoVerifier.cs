using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary>Go's crypto/x509, through the step CLI. It judges by the machine's clock.</summary>
internal sealed class GoVerifier : IForeignVerifier
{
    public async Task<IReadOnlyList<string?>> CheckAsync(Hierarchy pki, IReadOnlyList<HostCheck> checks)
    {
        var step = Requires.Tool("step");
        using var folder = new TempFolder();
        File.WriteAllText(folder.Combine("root.crt"), Pem.Certificates([pki.Root.Certificate]));
        var reasons = new List<string?>();
        foreach (var check in checks)
        {
            File.WriteAllText(folder.Combine("bundle.crt"), Pem.Certificates([check.Leaf]) + pki.AcmeChain.IntermediatesPem);
            var result = await Tools.RunAsync(
                step, ["certificate", "verify", folder.Combine("bundle.crt"), "--roots", folder.Combine("root.crt"), "--host", check.Host],
                environment: new Dictionary<string, string?>(StringComparer.Ordinal) { ["STEPPATH"] = folder.Combine("step") });
            reasons.Add(result.ExitCode == 0 ? null : result.Error + result.Output);
        }

        return reasons;
    }
}
