using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Emergencies;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Emergencies;

public sealed class RevokeChosenTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private RevokeChosen Revoke => shared.Tenant.Service<RevokeChosen>();

    [SkippableFact]
    public async Task Revoke_EndsTheChosenOnes_AndNoOthers_WithAnEntryForEach()
    {
        foreach (var id in (string[])["chosen-1", "chosen-2", "spared"])
        {
            using var device = new TestDevice(id);
            using var identity = device.Identity(await device.EnrollAsync(shared.Tenant, await shared.TokenAsync()));
        }

        await Revoke.RunAsync(["chosen-1", "chosen-2", "chosen-2", "no-such-device"], RevocationReason.CessationOfOperation, "the hall is closed", "oscar", default);
        await Revoke.RunAsync(["chosen-1"], RevocationReason.CessationOfOperation, "again", "oscar", default);

        foreach (var id in (string[])["chosen-1", "chosen-2"])
        {
            var device = await shared.Admin.GetDeviceAsync(id);
            device.Status.ShouldBe(DeviceStatus.Revoked);
            device.RevocationReason.ShouldBe("the hall is closed");
            device.Certificates.ShouldAllBe(certificate => certificate.RevokedAt != null);
            (await shared.Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.revoked' AND subject = $1 AND actor = 'oscar'", id)).ShouldBe(1);
        }

        (await shared.Admin.GetDeviceAsync("spared")).Status.ShouldBe(DeviceStatus.Enrolled);
    }

    [SkippableFact]
    public async Task Revoke_MoreThanAtATime_IsRefused() =>
        (await Should.ThrowAsync<ProblemException>(() => Revoke.RunAsync([.. Enumerable.Range(0, 501).Select(i => $"d{i}")], RevocationReason.Unspecified, null, "oscar", default))).Code.ShouldBe("too_many_devices");
}
