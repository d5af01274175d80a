using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.EndToEnd.Tests.Cli;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Xunit.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Emergencies;

/// <summary>A Sub-CA key in other hands: one command, and the tenant and its devices have others without anybody doing more.</summary>
public sealed class SubCaEmergencyTests(ITestOutputHelper output)
{
    private const int EnrolsAtOnce = 8;

    /// <summary>The number of devices for a measurement.</summary>
    private static readonly int Devices = int.Parse(Environment.GetEnvironmentVariable("IOT_EMERGENCY_DEVICES") ?? "5", CultureInfo.InvariantCulture);

    [SkippableFact]
    public async Task Emergency_SubCa_TenantRekeysByItselfAndItsDevicesRenewAgainstTheNewOne()
    {
        using var temp = new TempFolder();
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var operators = await provider.AdminAsync();
        var token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = Devices })).Token;
        var agents = new AgentAtWork[Devices];
        await Parallel.ForAsync(0, Devices, new ParallelOptions { MaxDegreeOfParallelism = EnrolsAtOnce }, async (i, _) => agents[i] = await AgentAtWork.StartAsync(tenant, token, $"agent-{i}", temp));
        try
        {
            await UntilAsync("all are connected", () => Task.FromResult(agents.All(a => a.IsConnected)));
            var former = agents[0].IssuerKeyId;
            string[] at = ["--url", provider.Url.ToString(), "--data", provider.Data];
            var preview = await IotCli.RunAsync(["ca", "emergency", "sub-ca", "acme", "--preview", .. at]);
            preview.EnsureSuccess().Output.ShouldContain("1 tenant-sub-ca");
            preview.Output.ShouldContain("STILL TRUSTED BY");
            (await IotCli.RunAsync(["ca", "emergency", "sub-ca", "acme", .. at])).ExitCode.ShouldBe(2, "it asks first");
            (await operators.GetTenantAsync("acme")).SubCaSerials.Count.ShouldBe(1, "nothing was confirmed");

            var done = await IotCli.RunAsync(["ca", "emergency", "sub-ca", "acme", "--yes", "--reason", "backup stolen", "--json", .. at]);

            var began = TimeProvider.System.GetUtcNow();
            JsonDocument.Parse(done.EnsureSuccess().Output).RootElement.GetProperty("certificates").GetInt32().ShouldBe(0);
            await UntilAsync("all have renewed", () => Task.FromResult(agents.All(a => a.RenewedAt is not null)));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Devices} devices: the first has renewed {(agents.Min(a => a.RenewedAt!.Value) - began).TotalSeconds:F1} s after the act, the last {(agents.Max(a => a.RenewedAt!.Value) - began).TotalSeconds:F1} s"));
            agents.ShouldAllBe(a => a.IssuerKeyId != former);
            agents.Select(a => a.IssuerKeyId).Distinct().Count().ShouldBe(1);
            (await operators.GetTenantAsync("acme")).SuspendedAt.ShouldBeNull();
            (await operators.GetTenantAsync("acme")).SubCaSerials.Count.ShouldBe(1);
            using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "late");
            device.Verify(provider.Trust.Root);
            device.IssuerKeyId.ShouldBe(agents[0].IssuerKeyId);
            (await admin.VerifyAuditAsync()).Intact.ShouldBeTrue();
            (await operators.VerifyAuditAsync()).Intact.ShouldBeTrue();

            // A restart finds it as it is.
            await tenant.KillAsync();
            tenant.Launch();
            await tenant.ReadyAsync();
            await device.RenewAsync();
            device.Verify(provider.Trust.Root);
        }
        finally
        {
            await Task.WhenAll(agents.Where(a => a is not null).Select(a => a.DisposeAsync().AsTask()));
        }
    }

    /// <summary>SIGKILL to the tenant while its new Sub-CA is being signed: the next start asks for the same key.</summary>
    [SkippableFact]
    public async Task Emergency_TenantKilledWhileItsNewSubCaIsSigned_NextStartFinishesWithTheSameKey()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var operators = await provider.AdminAsync();
        var serial = (await operators.GetTenantAsync("acme")).SubCaSerials.Single();
        await using (var hold = await Hold.OnWriteAsync(provider.Database, "ca.certificates", "NEW.profile = 'tenant-sub-ca'"))
        {
            await operators.RunEmergencyAsync("sub-ca", serial, new Contracts.Certificates.EmergencyRequest());
            await hold.ReachedAsync(provider.Process);
            await tenant.KillAsync();
        }

        tenant.Launch();
        await tenant.ReadyAsync();

        await UntilAsync("there is another Sub-CA", async () => (await operators.GetTenantAsync("acme")).SubCaSerials is [var now] && now != serial);
        using var admin = await tenant.AdminAsync();
        await UntilAsync("it issues", async () => await TryEnrolAsync(tenant, admin, provider));
        (await provider.Database.ScalarAsync<long>("SELECT count(DISTINCT public_key_sha256) FROM ca.certificates WHERE profile = 'tenant-sub-ca'")).ShouldBe(2);
    }

    private static async Task<bool> TryEnrolAsync(TenantStack tenant, Client.TenantClient admin, ProviderStack provider)
    {
        try
        {
            using var device = await EnrolledDevice.EnrollAsync(tenant, admin, $"late-{Guid.NewGuid():N}"[..20]);
            device.Verify(provider.Trust.Root);
            return true;
        }
        catch (Client.ApiException e) when (e.Code == "sub_ca_revoked")
        {
            return false;
        }
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60 + (Devices / 2)));
        while (!await holds())
        {
            patience.IsCancellationRequested.ShouldBeFalse($"it was waited in vain until {what}");
            await Task.Delay(100);
        }
    }
}
