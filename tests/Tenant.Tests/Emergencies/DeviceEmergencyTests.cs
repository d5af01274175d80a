using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Tests.Support;
using Npgsql;

namespace IoTPlatform.Tenant.Tests.Emergencies;

public sealed class DeviceEmergencyTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Batch_EveryDeviceOfTheTokenIsRevokedAndTheTokenEnds()
    {
        var token = await shared.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = 10 });
        using var one = new TestDevice("batch-1");
        using var two = new TestDevice("batch-2");
        using var other = new TestDevice("batch-other");
        using var late = new TestDevice("batch-late");
        await one.EnrollAsync(Tenant, token.Token);
        await two.EnrollAsync(Tenant, token.Token);
        await other.EnrollAsync(Tenant, await shared.TokenAsync());
        await shared.Admin.SendCommandAsync("batch-1", new SendCommandRequest { Name = "stop" });
        var preview = await shared.Admin.PreviewEmergencyAsync("batch", token.Id.ToString());
        (preview.Certificates, preview.SubjectCount).ShouldBe((2, 2));
        preview.Subjects.ShouldBe(["batch-1", "batch-2"]);

        var done = await shared.Admin.RunEmergencyAsync("batch", preview.Target, new EmergencyRequest { Reason = "keys leaked at the factory", Expected = 2 });

        (done.Certificates, done.Revoked).ShouldBe((0, 2));
        foreach (var device in new[] { "batch-1", "batch-2" })
        {
            var detail = await shared.Admin.GetDeviceAsync(device);
            (detail.Status, detail.RevocationReason).ShouldBe((DeviceStatus.Revoked, "keys leaked at the factory"));
            detail.Certificates.ShouldAllBe(c => c.ReasonCode == 1);
            (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'device.revoked' AND subject = $1", device)).ShouldBe(1);
        }

        (await shared.Admin.GetDeviceAsync("batch-other")).Status.ShouldBe(DeviceStatus.Enrolled);
        (await shared.Admin.ListCommandsAsync("batch-1")).Items.Single().State.ShouldBe(CommandState.Cancelled);
        await Refused.WithAsync(401, "enrollment_token_refused", () => late.EnrollAsync(Tenant, token.Token));
        two.NewKey();
        await Refused.WithAsync(403, "device_revoked", async () => await two.EnrollAsync(Tenant, await shared.TokenAsync()));

        await shared.Admin.RunEmergencyAsync("batch", preview.Target, new EmergencyRequest());
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'batch.revoked' AND subject = $1", preview.Target)).ShouldBe(1, "again it does nothing");
        (await shared.Admin.VerifyAuditAsync()).Intact.ShouldBeTrue();
    }

    /// <summary>Two acts that hit the same tokens would wait for each other for ever, each with what the other wants. The greatest is the first on disk here.</summary>
    [SkippableFact]
    public async Task DeviceType_LocksEnrolmentTokensInOrder()
    {
        string[] ids = ["ordered-1", "ordered-2"];
        foreach (var id in ids)
        {
            using var device = new TestDevice(id) { DeviceType = "ordered" };
            await device.EnrollAsync(Tenant, await shared.TokenAsync());
        }

        await Tenant.Database.ExecuteAsync("""
            INSERT INTO tenant.enrollment_tokens (id, token_sha256, device_id, uses, created_at, created_by, expires_at) VALUES
              ('ffffffff-ffff-ffff-ffff-ffffffffffff', sha256('ordered'), 'ordered-1', 1, now(), 'test', now() + interval '1 day'),
              ('00000000-0000-0000-0000-000000000000', sha256('ordered too'), 'ordered-2', 1, now(), 'test', now() + interval '1 day')
            """);
        await using var connection = await Tenant.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await LockAsync("00000000-0000-0000-0000-000000000000");
        var act = shared.Admin.RunEmergencyAsync("device-type", "ordered", new EmergencyRequest());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%enrollment_tokens%'") == 0)
        {
            await Task.Delay(20, patience.Token);
        }

        await LockAsync("ffffffff-ffff-ffff-ffff-ffffffffffff");
        await transaction.RollbackAsync();

        (await act).Revoked.ShouldBe(2);

        async Task LockAsync(string id)
        {
            await using var command = new NpgsqlCommand($"SELECT FROM tenant.enrollment_tokens WHERE id = '{id}' FOR UPDATE NOWAIT", connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    [SkippableFact]
    public async Task DeviceType_EveryDeviceOfItIsRevokedAndNoOther()
    {
        using var one = new TestDevice("typed-1") { DeviceType = "pump-v1" };
        using var other = new TestDevice("typed-2") { DeviceType = "pump-v2" };
        await one.EnrollAsync(Tenant, await shared.TokenAsync());
        await other.EnrollAsync(Tenant, await shared.TokenAsync());

        (await shared.Admin.RunEmergencyAsync("device-type", "pump-v1", new EmergencyRequest { ReasonCode = 2 })).Certificates.ShouldBe(0);

        (await shared.Admin.GetDeviceAsync("typed-1")).Status.ShouldBe(DeviceStatus.Revoked);
        (await shared.Admin.GetDeviceAsync("typed-2")).Status.ShouldBe(DeviceStatus.Enrolled);
    }

    [SkippableFact]
    public async Task Device_IsTheSameAsRevokingIt()
    {
        using var device = new TestDevice("emergency-1");
        await device.EnrollAsync(Tenant, await shared.TokenAsync());

        (await shared.Admin.PreviewEmergencyAsync("device", "emergency-1")).Certificates.ShouldBe(1);
        (await shared.Admin.RunEmergencyAsync("device", "emergency-1", new EmergencyRequest { Reason = "stolen" })).Revoked.ShouldBe(1);

        (await shared.Admin.GetDeviceAsync("emergency-1")).Status.ShouldBe(DeviceStatus.Revoked);
    }

    /// <summary>The device is not revoked: with another key it comes back by enrolling.</summary>
    [SkippableFact]
    public async Task Key_OfADevice_NeitherRenewsNorEnrolsAndAnotherKeyDoes()
    {
        using var device = new TestDevice("keyed-1");
        using var identity = device.Identity(await device.EnrollAsync(Tenant, await shared.TokenAsync()));
        var serial = (await shared.Admin.GetDeviceAsync("keyed-1")).Certificates.Single().Serial;

        await shared.Admin.RunEmergencyAsync("key", serial, new EmergencyRequest());

        await Refused.WithAsync(401, "certificate_revoked", () => device.RenewAsync(Tenant, identity));
        var token = await shared.TokenAsync("keyed-1");
        await Refused.WithAsync(403, "key_revoked", () => device.EnrollAsync(Tenant, token));
        device.NewKey();
        await device.EnrollAsync(Tenant, token);
        (await shared.Admin.GetDeviceAsync("keyed-1")).Status.ShouldBe(DeviceStatus.Enrolled);
    }

    [SkippableTheory]
    [InlineData("batch", "not-a-token", "enrollment_token_unknown")]
    [InlineData("device-type", "no such type", "device_type_unknown")]
    [InlineData("device", "nobody", "device_unknown")]
    [InlineData("sub-ca", "acme", "emergency_kind_unknown")]
    public async Task Preview_OfNothing_SaysSo(string kind, string target, string code) =>
        (await Should.ThrowAsync<ApiException>(() => shared.Admin.PreviewEmergencyAsync(kind, target))).Code.ShouldBe(code);
}
