using System.Net;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Telemetry;

/// <summary>How far a tenant's way up has come, kept in the database that has its messages.</summary>
public sealed class UplinkCheckpointTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Record_ForADatabaseThatTheTenantKnows_IsWhereItResendsFromAfterARestore()
    {
        using var tenant = new TestTenant();
        var bridge = _provider.Anonymous(tenant.WithBridgeKey((await _provider.ActivateAsync("checked", tenant)).MqttBridgeCert));

        var first = await RecordAsync(bridge, "checked", null, Noon);
        var recorded = await RecordAsync(bridge, "checked", first.Database, Noon.AddMinutes(5));
        var restored = await RecordAsync(bridge, "checked", "the one before", Noon.AddMinutes(10));

        (first.Recorded, first.ResendFrom).ShouldBe((false, null));
        (recorded.Recorded, recorded.Database, recorded.ResendFrom).ShouldBe((true, first.Database, null));
        (restored.Recorded, restored.Database).ShouldBe((false, first.Database));
        restored.ResendFrom!.Value.ShouldBeInRange(Noon.AddMinutes(3), Noon.AddMinutes(5).AddSeconds(-1));
    }

    [SkippableFact]
    public async Task Record_BeforeAllTime_IsAnsweredThereafter()
    {
        using var tenant = new TestTenant();
        var bridge = _provider.Anonymous(tenant.WithBridgeKey((await _provider.ActivateAsync("timeless", tenant)).MqttBridgeCert));
        var first = await RecordAsync(bridge, "timeless", null, Noon);
        (await RecordAsync(bridge, "timeless", first.Database, DateTimeOffset.MinValue)).Recorded.ShouldBeTrue();

        var restored = await RecordAsync(bridge, "timeless", "the one before", Noon);

        restored.ResendFrom!.Value.ShouldBeLessThan(DateTimeOffset.UnixEpoch);
    }

    [SkippableFact]
    public async Task Record_OfAnotherTenant_IsRefused()
    {
        using var tenant = new TestTenant();
        using var other = new TestTenant();
        var bridge = _provider.Anonymous(tenant.WithBridgeKey((await _provider.ActivateAsync("curious", tenant)).MqttBridgeCert));
        await _provider.ActivateAsync("victim", other);

        (await bridge.PostAsync("portal/admin/tenants/victim/bridge/uplink", new UplinkProgress { AcknowledgedUntil = Noon }, ContractsJson.Default.UplinkProgress))
            .ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");
    }

    private static async Task<UplinkCheckpoint> RecordAsync(ApiCaller bridge, string tenantId, string? database, DateTimeOffset until) =>
        (await bridge.PostAsync($"portal/admin/tenants/{tenantId}/bridge/uplink", new UplinkProgress { Database = database, AcknowledgedUntil = until }, ContractsJson.Default.UplinkProgress))
            .Read(ContractsJson.Default.UplinkCheckpoint);
}
