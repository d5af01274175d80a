using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>step, unmodified, against a provider process that is the registration authority of a real step-ca, by its settings.</summary>
public sealed class RegistrationStepTests
{
    private const string Password = "registration";

    [SkippableFact]
    public async Task CertificateRenewAndRevoke_BehindStepCa_AreUpstreams()
    {
        using var folder = new TempFolder();
        await using var stepCa = await StartStepCaAsync(folder);
        var (upstream, root) = (new Uri($"https://{await File.ReadAllTextAsync(folder.Combine("address"))}/"), X509CertificateLoader.LoadCertificateFromFile(folder.Combine("certs", "root_ca.crt")));
        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
        {
            ["IOT_UPSTREAM_CA_URL"] = upstream.AbsoluteUri,
            ["IOT_UPSTREAM_CA_FINGERPRINT"] = Fingerprint.Of(root),
            ["IOT_UPSTREAM_CA_PROVISIONER"] = "ra",
            ["IOT_UPSTREAM_CA_PASSWORD_FILE"] = folder.Combine("password"),
        });
        using var step = await new StepCli(new StepTarget(provider.Url, provider.Trust.Fingerprint, Path.Combine(provider.Data, "provisioner-password"))).BootstrapAsync();

        await step.EnrollAsync("behind.test", "behind");
        var first = Verified(step.Read("behind.crt"), root);
        (await step.RunAsync("ca", "renew", "--force", "behind.crt", "behind.key")).EnsureSuccess();
        var renewed = Verified(step.Read("behind.crt"), root);

        renewed.SerialNumber.ShouldNotBe(first.SerialNumber);
        renewed.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(first.PublicKey.ExportSubjectPublicKeyInfo());
        (await step.RunAsync("ca", "revoke", "--cert", "behind.crt", "--key", "behind.key")).EnsureSuccess();
        using var revoked = AnyServerHttp.Create(upstream, [root], X509Certificate2.CreateFromPemFile(step.File("behind.crt"), step.File("behind.key")), TimeSpan.FromSeconds(30));
        await Waiting.UntilAsync(async () =>
        {
            using var answer = await revoked.PostAsync("1.0/renew", content: null);
            return answer.StatusCode == HttpStatusCode.Unauthorized;
        });
    }

    private static X509Certificate2 Verified(string pem, X509Certificate2 root)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        ChainVerifier.Verify(chain[0], chain.Skip(1), [root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();
        return chain[0];
    }

    private static async Task<ProcessUnderTest> StartStepCaAsync(TempFolder folder)
    {
        var (program, password, address) = (Requires.Tool("step-ca"), folder.Combine("password"), $"127.0.0.1:{FreePort.Next()}");
        var environment = new Dictionary<string, string?> { ["STEPPATH"] = folder.Path, ["HOME"] = folder.Path };
        await File.WriteAllTextAsync(password, Password);
        await File.WriteAllTextAsync(folder.Combine("address"), address);
        (await Tools.RunAsync(
            Requires.Tool("step"), ["ca", "init", "--name", "Upstream", "--dns", "127.0.0.1", "--address", address, "--provisioner", "ra", "--password-file", password, "--provisioner-password-file", password],
            environment: environment)).EnsureSuccess();
        var stepCa = ProcessUnderTest.Start(program, ["--password-file", password, folder.Combine("config", "ca.json")], environment, folder.Path);
        await stepCa.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
        return stepCa;
    }
}
