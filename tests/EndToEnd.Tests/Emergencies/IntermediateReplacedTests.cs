using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.EndToEnd.Tests.Cli;
using IoTPlatform.EndToEnd.Tests.Hostile;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Emergencies;

/// <summary>The runbook of docs/operations.md, "The intermediate may be compromised", step by step on real processes.</summary>
public sealed class IntermediateReplacedTests
{
    [SkippableFact]
    public async Task Runbook_TenantAndDevicesGoOnUnderTheNewIntermediate()
    {
        using var vault = new TempFolder();
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");
        using var agents = DeviceFolder.Open(vault.Combine("agent"));
        var token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = 1 })).Token;
        var settings = new DeviceSettings { TenantUrl = tenant.Url, DeviceId = "agent-1", TrustDomain = tenant.TrustDomain };
        using (await new DeviceAgent(agents).EnrollAsync(new Enrollment { Settings = settings, Root = tenant.Root, Token = token }))
        {
        }

        string[] at = ["--url", provider.Url.ToString(), "--data", provider.Data];
        var database = new Dictionary<string, string?> { ["IOT_DATABASE"] = provider.Database.ConnectionString };
        var root = vault.Combine("root.key");
        (await IotCli.RunWithAsync(database, "ca", "export-root-key", "--data", provider.Data, "--out", root)).EnsureSuccess();
        (await IotCli.RunWithAsync(database, "ca", "remove-root-key", "--data", provider.Data, "--yes")).EnsureSuccess();

        // 1. What hangs on it.
        var plan = await IotCli.RunWithAsync(database, ["ca", "emergency", "intermediate", .. at]);
        plan.EnsureSuccess().Output.ShouldContain("1 tenant-sub-ca");
        var setting = plan.Output.Split('\n').Select(line => line.IndexOf("compromised:", StringComparison.Ordinal) is >= 0 and var i ? line[i..].Split(',')[0].Trim() : null).First(text => text is not null)!;
        // 2. The provider stopped, the root key brought back, one start.
        provider.Process.Terminate();
        (await provider.Process.WaitForExitAsync()).ShouldBe(0);
        await provider.Process.DisposeAsync();
        File.Copy(root, Path.Combine(provider.Data, "secrets", "root_ca_key"));
        File.SetUnixFileMode(Path.Combine(provider.Data, "secrets", "root_ca_key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        provider.Launch(new Dictionary<string, string?> { ["IOT_REPLACE_INTERMEDIATE"] = setting });
        await provider.Process.WaitForLineAsync("ready ");
        // 3. The root key away again.
        (await IotCli.RunWithAsync(database, "ca", "remove-root-key", "--data", provider.Data, "--yes")).EnsureSuccess();

        // The tenant follows by itself.
        await tenant.Process.WaitForLineAsync(line => line.Contains("stand on it now", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        using var operators = await provider.AdminAsync();
        var intermediate = (await operators.ListCertificatesAsync(new CertificateFilter { Profile = "intermediate", Revoked = false })).Items.Single();
        var chain = Pem.ParseCertificates(await File.ReadAllTextAsync(Path.Combine(tenant.Data, "join-bundle", "ca-chain.crt")));
        new System.Numerics.BigInteger(chain[1].SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(System.Globalization.CultureInfo.InvariantCulture).ShouldBe(intermediate.Serial);
        await UntilAsync(() => IsSignedBy(Pem.ParseCertificate(File.ReadAllText(Path.Combine(tenant.Data, "join-bundle", "mqtt-bridge.crt"))), chain[1]));
        // Devices notice nothing.
        await device.RenewAsync();
        device.Verify(provider.Trust.Root);
        using (var reading = device.Client())
        {
            await reading.PublishTelemetryAsync("pump-1", System.Text.Json.JsonElement.Parse("""{"under":"another intermediate"}"""));
        }

        await Waiting.UntilAsync(async () => await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = 'acme' AND device_id = 'pump-1'") == 1, TimeSpan.FromSeconds(60));
        using var late = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-2");
        late.Verify(provider.Trust.Root);
        late.IssuerKeyId.ShouldBe(device.IssuerKeyId, "the Sub-CA's key is the same");
        // The root's list says what became of the former one.
        (await operators.ListCertificatesAsync(new CertificateFilter { Profile = "intermediate", Revoked = true })).Items.ShouldHaveSingleItem();
        using var http = AnyServerHttp.Create(provider.Url, [provider.Trust.Root], client: null, TimeSpan.FromSeconds(10));
        var rootId = provider.Trust.Root.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier!.ToLowerInvariant();
        (await http.GetByteArrayAsync($"crl/{rootId}.crl")).AsSpan().IndexOf(Convert.FromHexString(setting.Split(':')[1])).ShouldBeGreaterThan(0);

        // Our agent and the operator's commands have heard of it: the key of the former one makes no server any more.
        using (await new DeviceAgent(agents).RenewAsync(newKey: true))
        {
        }

        await ThiefIsNotBelievedAsync(provider, tenant, agents);

        // Both start again, without the root key and the setting.
        await provider.KillAsync();
        await tenant.KillAsync();
        await provider.StartProcessAsync();
        tenant.Launch();
        await tenant.ReadyAsync();
        await late.RenewAsync();
        late.Verify(provider.Trust.Root);
    }

    private static async Task ThiefIsNotBelievedAsync(ProviderStack provider, TenantStack tenant, DeviceFolder agents)
    {
        using var former = StolenSubCa.FormerIntermediate(provider);
        using var real = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(tenant.Data, "join-bundle", "sub-ca.crt")));
        using var subCa = former.SignCa("acme Sub-CA", real.Extensions.Single(extension => extension.Oid!.Value == "2.5.29.30"));
        using var intermediate = X509Certificate2.CreateFromPem(former.CertificatePem);
        using var subCaCertificate = X509Certificate2.CreateFromPem(subCa.CertificatePem);
        await using var asTenant = new HostileServer(Server(subCa, $"spiffe://{tenant.TrustDomain}/service/tenant-iot-bridge-api"), [subCaCertificate, intermediate], _ => null);
        await using var asProvider = new HostileServer(Server(former, "spiffe://iot.example/service/iot-bridge-api"), [intermediate], _ => null);
        var settings = Path.Combine(agents.Path, "device.json");
        await File.WriteAllTextAsync(settings, (await File.ReadAllTextAsync(settings)).Replace(tenant.Url.AbsoluteUri, asTenant.Url.AbsoluteUri, StringComparison.Ordinal));

        (await Should.ThrowAsync<UnreachableException>(() => new DeviceAgent(agents).RenewAsync(newKey: true))).Message.ShouldContain("revoked the Intermediate CA");
        var listed = await IotCli.RunAsync("tenants", "list", "--url", asProvider.Url.AbsoluteUri, "--data", provider.Data);

        listed.ExitCode.ShouldNotBe(0);
        listed.Error.ShouldContain("revoked the Intermediate CA");
        asTenant.Requests.ShouldBeEmpty();
        asProvider.Requests.ShouldBeEmpty();
    }

    private static X509Certificate2 Server(StolenSubCa signer, string spiffeId) => signer.Sign("localhost", san =>
    {
        san.AddDnsName("localhost");
        san.AddUri(new Uri(spiffeId));
    });

    /// <summary>Both keys in other hands, and the tenant not there while that is dealt with: it knows neither of the one nor of the other when it comes back.</summary>
    [SkippableFact]
    public async Task SubCaRevokedToo_WhileTheTenantIsAway_ItMakesAnotherKeyUnderTheNewIntermediate()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var operators = await provider.AdminAsync();
        var serial = (await operators.GetTenantAsync("acme")).SubCaSerials.Single();
        var intermediate = (await operators.ListCertificatesAsync(new CertificateFilter { Profile = "intermediate" })).Items.Single().Serial;
        await tenant.KillAsync();
        await operators.RunEmergencyAsync("sub-ca", serial, new Contracts.Certificates.EmergencyRequest());
        provider.Process.Terminate();
        (await provider.Process.WaitForExitAsync()).ShouldBe(0);
        await provider.Process.DisposeAsync();
        provider.Launch(new Dictionary<string, string?> { ["IOT_REPLACE_INTERMEDIATE"] = "compromised:" + intermediate });
        await provider.Process.WaitForLineAsync("ready ");

        tenant.Launch();
        await tenant.ReadyAsync();

        using var again = await provider.AdminAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await again.GetTenantAsync("acme")).SubCaSerials is not [var now] || now == serial)
        {
            await Task.Delay(200, patience.Token);
        }

        using var admin = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "late");
        device.Verify(provider.Trust.Root);
    }

    private static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 issuer) =>
        ParsedCertificate.Parse(certificate.RawData).AuthorityKeyIdentifier!.Value.Span.SequenceEqual(IssuerInfo.FromCertificate(issuer).SubjectKeyIdentifier.Span);

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!holds())
        {
            patience.IsCancellationRequested.ShouldBeFalse();
            await Task.Delay(200);
        }
    }
}
