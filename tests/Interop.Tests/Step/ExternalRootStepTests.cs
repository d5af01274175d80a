using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>A platform whose Intermediate CA is issued by a real step-ca, by its settings: everything of it chains to that step-ca's root, for openssl and step, too.</summary>
public sealed class ExternalRootStepTests
{
    [SkippableFact]
    public async Task JoinEnrolRenewAndStep_BelowStepCa_ChainToItsRoot()
    {
        await using var stepCa = await RootStepCa.StartAsync();
        await using var provider = await ProviderStack.StartAsync(stepCa.Settings);
        provider.Trust.Fingerprint.ShouldBe(stepCa.Fingerprint);
        File.Exists(Path.Combine(provider.Data, "secrets", "root_ca_key")).ShouldBeFalse();

        // From here on nothing needs it.
        await stepCa.GoAwayAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");
        var first = device.Serial;
        await device.RenewWithAnotherKeyAsync();
        device.Serial.ShouldNotBe(first);
        using (var reading = device.Client())
        {
            await reading.PublishTelemetryAsync("pump-1", System.Text.Json.JsonElement.Parse("""{"below":"a root of others"}"""));
        }

        await Waiting.UntilAsync(async () => await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = 'acme' AND device_id = 'pump-1'") == 1, TimeSpan.FromSeconds(60));

        using var files = new TempFolder();
        var chain = ChainOf(device);
        chain.Count.ShouldBe(4);
        chain[^1].RawData.ShouldBe(stepCa.Root.RawData);
        chain[2].Issuer.ShouldBe(stepCa.Root.Subject);
        await VerifyAsync(files, "sslclient", stepCa.RootFile, chain);
        await VerifyAsync(files, "sslclient", stepCa.RootFile, [.. Pem.ParseCertificates(await File.ReadAllTextAsync(Path.Combine(tenant.Data, "join-bundle", "mqtt-bridge.crt"))), chain[2]]);

        using var step = await new StepCli(new StepTarget(provider.Url, stepCa.Fingerprint, Path.Combine(provider.Data, "provisioner-password"))).BootstrapAsync();
        await step.EnrollAsync("service.test", "service");
        (await step.RunAsync("ca", "renew", "--force", "service.crt", "service.key")).EnsureSuccess();
        (await step.RunAsync("certificate", "verify", "service.crt", "--roots", stepCa.RootFile)).EnsureSuccess();
        Pem.ParseCertificates(step.Read("service.crt"))[1].RawData.ShouldBe(chain[2].RawData, "the platform's Intermediate CA");

        // Another Intermediate CA, by one setting: tenants follow, and devices notice nothing.
        await stepCa.ComeBackAsync();
        await provider.KillAsync();
        provider.Launch(new Dictionary<string, string?> { ["IOT_REPLACE_INTERMEDIATE"] = $"superseded:{chain[2].SerialNumber}" });
        await provider.Process.WaitForLineAsync("ready ");
        await tenant.Process.WaitForLineAsync(line => line.Contains("stand on it now", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        await device.RenewWithAnotherKeyAsync();
        device.Verify(stepCa.Root);
        ChainOf(device)[2].RawData.ShouldNotBe(chain[2].RawData);
    }

    /// <summary>Device, Sub-CA, Intermediate CA, root.</summary>
    private static IReadOnlyList<X509Certificate2> ChainOf(EnrolledDevice device) => Pem.ParseCertificates(device.KeyAndChainPem[device.KeyAndChainPem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..]);

    private static async Task VerifyAsync(TempFolder files, string purpose, string rootFile, IReadOnlyList<X509Certificate2> chain)
    {
        var (leaf, issuers) = (files.Combine("leaf.pem"), files.Combine("issuers.pem"));
        await File.WriteAllTextAsync(leaf, Pem.Certificates(chain.Take(1)));
        await File.WriteAllTextAsync(issuers, Pem.Certificates(chain.Skip(1).Where(one => one.Subject != one.Issuer)));
        (await Tools.RunAsync(Requires.Tool("openssl"), ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", rootFile, "-untrusted", issuers, leaf])).EnsureSuccess();
    }
}
