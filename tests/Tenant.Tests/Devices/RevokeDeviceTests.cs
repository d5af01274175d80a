using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.WireGuard;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Devices;

public sealed class RevokeDeviceTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Revoke_Device_RevokesEveryCertificatePeerAndTokenAtOnce()
    {
        using var device = new TestDevice("fan-1") { WireGuardKey = WireGuardKey() };
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        device.NewKey();
        await device.RenewAsync(Tenant, identity, device.Csr);
        var waiting = await shared.TokenAsync("fan-1");

        await shared.Admin.SendCommandAsync("fan-1", new SendCommandRequest { Name = "stop" });
        await shared.Admin.SendCommandAsync("fan-1", new SendCommandRequest { Name = "stop" });

        await shared.Admin.RevokeDeviceAsync("fan-1", new RevokeRequest { ReasonCode = 1, Reason = "stolen" });

        var detail = await shared.Admin.GetDeviceAsync("fan-1");
        detail.Status.ShouldBe(DeviceStatus.Revoked);
        detail.RevocationReason.ShouldBe("stolen");
        detail.WireguardAddress.ShouldBeNull();
        detail.Certificates.Count.ShouldBe(2);
        detail.Certificates.ShouldAllBe(c => c.RevokedAt != null && c.ReasonCode == 1);
        device.NewKey();
        await Refused.WithAsync(401, "enrollment_token_refused", () => device.EnrollAsync(Tenant, waiting));
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.revoked' AND subject = 'fan-1'")).ShouldBe(1);
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.command_cancelled' AND subject = 'fan-1' AND actor = 'admin'")).ShouldBe(2, "each command that ended with it");
        (await shared.Admin.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Revoke_Device_PeerLeavesTheServersFile()
    {
        var file = Tenant.Service<WireGuardPeersFile>();
        using var device = new TestDevice("fan-2") { WireGuardKey = WireGuardKey() };
        var answer = await device.EnrollAsync(Tenant, await shared.TokenAsync());
        await file.SyncAsync(CancellationToken.None);
        var before = await File.ReadAllTextAsync(file.FilePath);
        before.ShouldContain(device.WireGuardKey);
        before.ShouldContain($"AllowedIPs = {answer.Wireguard!.Address}");

        await shared.Admin.RevokeDeviceAsync("fan-2", new RevokeRequest());
        await file.SyncAsync(CancellationToken.None);

        (await File.ReadAllTextAsync(file.FilePath)).ShouldNotContain(device.WireGuardKey);
    }

    [SkippableFact]
    public async Task Revoke_Again_ChangesNothing()
    {
        using var device = new TestDevice("fan-3");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        await shared.Admin.RevokeDeviceAsync("fan-3", new RevokeRequest { Reason = "first" });

        await shared.Admin.RevokeDeviceAsync("fan-3", new RevokeRequest { Reason = "second" });

        (await shared.Admin.GetDeviceAsync("fan-3")).RevocationReason.ShouldBe("first");
    }

    [SkippableFact]
    public async Task Enroll_RevokedDeviceWithAFleetToken_StaysOut()
    {
        using var device = new TestDevice("fan-4");
        var fleet = await shared.TokenAsync(uses: 10);
        await device.EnrollAsync(Tenant, fleet);
        await shared.Admin.RevokeDeviceAsync("fan-4", new RevokeRequest());

        await Refused.WithAsync(403, "key_retired", () => device.EnrollAsync(Tenant, fleet));
        device.NewKey();
        await Refused.WithAsync(403, "device_revoked", () => device.EnrollAsync(Tenant, fleet));
    }

    [SkippableFact]
    public async Task Enroll_RevokedDeviceWithANewTokenForItAndANewKey_IsLetInAgain()
    {
        using var device = new TestDevice("fan-5");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());
        await shared.Admin.RevokeDeviceAsync("fan-5", new RevokeRequest());
        var token = await shared.TokenAsync("fan-5");

        await Refused.WithAsync(403, "key_retired", () => device.EnrollAsync(Tenant, token));
        device.NewKey();
        using var identity = device.Identity(await device.EnrollAsync(Tenant, token));
        await device.RenewAsync(Tenant, identity);

        (await shared.Admin.GetDeviceAsync("fan-5")).Status.ShouldBe(DeviceStatus.Enrolled);
    }

    [SkippableFact]
    public async Task Revoke_WhileEnrollingAndRenewing_NoCertificateOutlivesIt()
    {
        for (var round = 0; round < 5; round++)
        {
            var id = $"race-{round}";
            using var device = new TestDevice(id);
            var token = await shared.TokenAsync(uses: 1);
            using var identity = device.Identity(await device.EnrollAsync(Tenant, token));
            var renewals = Enumerable.Range(0, 8).Select(i => Swallow(() => i % 2 == 0 ? device.RenewAsync(Tenant, identity) : device.EnrollAsync(Tenant, token))).ToList();

            await shared.Admin.RevokeDeviceAsync(id, new RevokeRequest());
            await Task.WhenAll(renewals);

            (await shared.Admin.GetDeviceAsync(id)).Certificates.ShouldAllBe(c => c.RevokedAt != null);
        }
    }

    [SkippableTheory]
    [InlineData(-1)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(11)]
    public Task Revoke_BadReasonCode_IsRefused(int code) =>
        Refused.WithAsync(400, "invalid_reason_code", () => shared.Admin.RevokeDeviceAsync("fan-6", new RevokeRequest { ReasonCode = code }));

    [SkippableFact]
    public Task Revoke_UnknownDevice_IsNotFound() =>
        Refused.WithAsync(404, "device_unknown", () => shared.Admin.RevokeDeviceAsync("nobody", new RevokeRequest()));

    [SkippableFact]
    public async Task List_Pages_ShowEveryDeviceOnceInOrder()
    {
        var token = await shared.TokenAsync(uses: 5);
        foreach (var id in (string[])["list-c", "list-a", "list-e", "list-b", "list-d"])
        {
            using var device = new TestDevice(id);
            await device.EnrollAsync(Tenant, token);
        }
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await shared.Admin.ListDevicesAsync(cursor, limit: 2);
            seen.AddRange(page.Items.Select(d => d.DeviceId));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.ShouldBe(seen.Order(StringComparer.Ordinal));
        seen.Where(id => id.StartsWith("list-")).ShouldBe(["list-a", "list-b", "list-c", "list-d", "list-e"]);
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(501)]
    public Task List_LimitOutOfBounds_IsRefused(int limit) =>
        Refused.WithAsync(400, "invalid_limit", () => shared.Admin.ListDevicesAsync(limit: limit));

    private static string WireGuardKey() => Convert.ToBase64String(X25519.PublicKey(X25519.GeneratePrivateKey()));

    private static async Task Swallow(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (ApiException)
        {
            // Refused because the revocation was faster.
        }
    }
}
