using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

public sealed class SubCaRotationTests
{
    private const string RevokedSubCas = "SELECT count(*) FROM ca.certificates c JOIN ca.revocations r USING (serial) WHERE c.profile = 'tenant-sub-ca'";

    /// <summary>A whole life: two Sub-CAs overlap, no device notices, the first is revoked when nothing of it is in use any more.</summary>
    [SkippableFact]
    public async Task Rotate_WithADeviceInTheField_OverlapsThenRetires()
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");
        var firstIssuer = device.IssuerKeyId;

        var second = await admin.RotateSubCaAsync();

        using var secondSubCa = Pem.ParseCertificate(second.SignedCert);
        EnrolledDevice.KeyIdOf(secondSubCa).ShouldNotBe(firstIssuer);
        device.Verify(provider.Trust.Root);
        var tooEarly = await Should.ThrowAsync<ApiException>(() => admin.RotateSubCaAsync());
        (tooEarly.Status, tooEarly.Code).ShouldBe((409, "rotation_in_progress"));
        (await provider.Database.ScalarAsync<long>(RevokedSubCas)).ShouldBe(0);

        using (var client = device.Client())
        {
            await client.PublishTelemetryAsync("pump-1", JsonElement.Parse("""{"after":"rotation"}"""));
        }

        await Waiting.UntilAsync(async () => await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = 'acme' AND device_id = 'pump-1'") == 1);
        await device.RenewAsync();

        device.IssuerKeyId.ShouldBe(EnrolledDevice.KeyIdOf(secondSubCa));
        device.Verify(provider.Trust.Root);

        await admin.RotateSubCaAsync();

        (await provider.Database.ScalarAsync<long>(RevokedSubCas)).ShouldBe(1);
        using var operators = await provider.AdminAsync();
        (await operators.GetTenantAsync("acme")).SubCaSerials.Count.ShouldBe(2);
        await device.RenewAsync();
        device.Verify(provider.Trust.Root);
    }

    [SkippableFact]
    public async Task Rotate_TenantKilledBeforeItIsRecorded_NextBootFinishesWithTheSameKey()
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        await using (var hold = await Hold.OnWriteAsync(provider.Database, "ca.certificates", "NEW.profile = 'tenant-sub-ca'"))
        {
            var rotation = admin.RotateSubCaAsync();
            await hold.ReachedAsync(provider.Process);
            await tenant.KillAsync();
            await Should.ThrowAsync<UnreachableException>(() => rotation);
        }

        tenant.Launch();
        await tenant.ReadyAsync();

        await tenant.Process.WaitForLineAsync(line => line.EndsWith("Upkeep: sub-ca-rotation done", StringComparison.Ordinal));
        (await provider.Database.ScalarAsync<long>("SELECT count(DISTINCT public_key_sha256) FROM ca.certificates WHERE profile = 'tenant-sub-ca'")).ShouldBe(2);
        using var again = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, again, "pump-2");
        device.Verify(provider.Trust.Root);
    }
}
