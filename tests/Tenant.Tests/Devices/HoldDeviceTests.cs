using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.WireGuard;
using IoTPlatform.Tenant.Tests.Mqtt;
using IoTPlatform.Tenant.Tests.Support;
using MQTTnet;

namespace IoTPlatform.Tenant.Tests.Devices;

/// <summary>A device that is on hold is out, and comes back with what it had.</summary>
public sealed class HoldDeviceTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private static readonly HoldRequest Missing = new() { Reason = "missing" };

    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Hold_EndsTheSession_AndReleaseLetsItInAgain()
    {
        using var device = await EnrolledDevice.EnrollAsync(shared, "missing");
        using var client = await device.ConnectAsync();

        await shared.Admin.HoldDeviceAsync("missing", Missing);

        (await client.Ended).ReasonString.ShouldBe("The certificate is on hold.");
        // Not "banned", after which it would give up.
        using (var refused = await device.ConnectAsync())
        {
            refused.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.ServerUnavailable);
        }

        var detail = await shared.Admin.GetDeviceAsync("missing");
        (detail.Status, detail.RevocationReason).ShouldBe((DeviceStatus.Held, "missing"));
        detail.RevokedAt.ShouldNotBeNull();

        await shared.Admin.ReleaseDeviceAsync("missing", new HoldRequest { Reason = "found" });

        using var again = await device.ConnectAsync();
        again.Connected.ResultCode.ShouldBe(MqttClientConnectResultCode.Success);
        detail = await shared.Admin.GetDeviceAsync("missing");
        (detail.Status, detail.RevokedAt).ShouldBe((DeviceStatus.Enrolled, null));
        (await Tenant.Database.ScalarAsync<string>("SELECT string_agg(action, ' ' ORDER BY sequence) FROM audit.entries WHERE subject = 'missing' AND action LIKE '%.held' OR subject = 'missing' AND action LIKE '%.released'"))
            .ShouldBe("device.held subject.released certificate.released device.released");
        (await shared.Admin.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Hold_RefusesRenewalAndEnrolment_UntilTheRelease()
    {
        using var device = new TestDevice("held-1") { WireGuardKey = Convert.ToBase64String(X25519.PublicKey(X25519.GeneratePrivateKey())) };
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        var token = await shared.TokenAsync("held-1");
        await shared.Admin.HoldDeviceAsync("held-1", Missing);

        await Refused.WithAsync(401, "certificate_on_hold", () => device.RenewAsync(Tenant, identity));
        await Refused.WithAsync(403, "device_on_hold", () => device.EnrollAsync(Tenant, token));
        var peers = Tenant.Service<WireGuardPeersFile>();
        await peers.SyncAsync(CancellationToken.None);
        (await File.ReadAllTextAsync(peers.FilePath)).ShouldNotContain(device.WireGuardKey);

        await shared.Admin.ReleaseDeviceAsync("held-1", Missing);

        await device.RenewAsync(Tenant, identity);
        await peers.SyncAsync(CancellationToken.None);
        (await File.ReadAllTextAsync(peers.FilePath)).ShouldContain(device.WireGuardKey);
    }

    /// <summary>Of a single certificate: the device's others go on, and only this one comes back with its release.</summary>
    [SkippableFact]
    public async Task HoldOfACertificate_IsItsOwn_AlsoBesideAHoldOfTheDevice()
    {
        using var device = new TestDevice("held-2");
        using var first = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        using var next = new TestDevice("held-2");
        using var second = next.Identity(await device.RenewAsync(Tenant, first, next.Csr));
        await shared.Admin.HoldCertificateAsync(SerialOf(first), Missing);
        await Refused.WithAsync(401, "certificate_on_hold", () => device.RenewAsync(Tenant, first));
        await next.RenewAsync(Tenant, second);

        await shared.Admin.HoldDeviceAsync("held-2", Missing);
        await shared.Admin.ReleaseDeviceAsync("held-2", Missing);

        await Refused.WithAsync(401, "certificate_on_hold", () => device.RenewAsync(Tenant, first));
        await shared.Admin.ReleaseCertificateAsync(SerialOf(first), Missing);
        await device.RenewAsync(Tenant, first);
    }

    [SkippableFact]
    public async Task Revoke_OnHold_IsFinal()
    {
        using var device = new TestDevice("held-3");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        await shared.Admin.HoldDeviceAsync("held-3", Missing);
        await shared.Admin.HoldDeviceAsync("held-3", Missing);

        await shared.Admin.RevokeDeviceAsync("held-3", new RevokeRequest { ReasonCode = 1 });

        var detail = await shared.Admin.GetDeviceAsync("held-3");
        detail.Status.ShouldBe(DeviceStatus.Revoked);
        detail.Certificates.ShouldAllBe(c => c.ReasonCode == 1);
        await Refused.WithAsync(409, "not_on_hold", () => shared.Admin.ReleaseDeviceAsync("held-3", Missing));
        await Refused.WithAsync(409, "not_on_hold", () => shared.Admin.ReleaseCertificateAsync(detail.Certificates[0].Serial, Missing));
        await Refused.WithAsync(409, "device_revoked", () => shared.Admin.HoldDeviceAsync("held-3", Missing));
    }

    [SkippableFact]
    public async Task HoldOrRelease_UnknownOrEnrolled_IsRefused()
    {
        using var device = new TestDevice("held-4");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());

        await Refused.WithAsync(404, "device_unknown", () => shared.Admin.HoldDeviceAsync("nobody", Missing));
        await Refused.WithAsync(404, "device_unknown", () => shared.Admin.ReleaseDeviceAsync("nobody", Missing));
        await Refused.WithAsync(409, "not_on_hold", () => shared.Admin.ReleaseDeviceAsync("held-4", Missing));
    }

    private static string SerialOf(X509Certificate2 certificate) => SerialNumber.ToDecimal(Convert.FromHexString(certificate.SerialNumber));
}
