using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>step, unmodified, against a provider process that is the registration authority of a real step-ca, by its settings.</summary>
public sealed class RegistrationStepTests
{
    [SkippableFact]
    public async Task CertificateRenewAndRevoke_BehindStepCa_AreUpstreams()
    {
        await using var stepCa = await InstalledStepCa.CreateAsync("bbolt", "ra");
        await stepCa.StartAsync();
        using var root = stepCa.Root;
        await using var provider = await ProviderStack.StartAsync(Settings(stepCa, stepCa.Url));
        using var step = await new StepCli(new StepTarget(provider.Url, provider.Trust.Fingerprint, Path.Combine(provider.Data, "provisioner-password"))).BootstrapAsync();

        await step.EnrollAsync("behind.test", "behind");
        var first = Verified(step.Read("behind.crt"), root);
        (await step.RunAsync("ca", "renew", "--force", "behind.crt", "behind.key")).EnsureSuccess();
        var renewed = Verified(step.Read("behind.crt"), root);

        renewed.SerialNumber.ShouldNotBe(first.SerialNumber);
        renewed.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(first.PublicKey.ExportSubjectPublicKeyInfo());
        (await step.RunAsync("ca", "revoke", "--cert", "behind.crt", "--key", "behind.key")).EnsureSuccess();
        using var revoked = AnyServerHttp.Create(stepCa.Url, [root], X509Certificate2.CreateFromPemFile(step.File("behind.crt"), step.File("behind.key")), TimeSpan.FromSeconds(30));
        await Waiting.UntilAsync(async () =>
        {
            using var answer = await revoked.PostAsync("1.0/renew", content: null);
            return answer.StatusCode == HttpStatusCode.Unauthorized;
        });
    }

    /// <param name="url">By which it is reached.</param>
    internal static Dictionary<string, string?> Settings(InstalledStepCa upstream, Uri url)
    {
        using var root = upstream.Root;
        return new Dictionary<string, string?>
        {
            ["IOT_UPSTREAM_CA_URL"] = url.AbsoluteUri,
            ["IOT_UPSTREAM_CA_FINGERPRINT"] = Fingerprint.Of(root),
            ["IOT_UPSTREAM_CA_PROVISIONER"] = upstream.Provisioner,
            ["IOT_UPSTREAM_CA_PASSWORD_FILE"] = upstream.PasswordFile,
        };
    }

    internal static X509Certificate2 Verified(string pem, X509Certificate2 root)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        ChainVerifier.Verify(chain[0], chain.Skip(1), [root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();
        return chain[0];
    }
}
