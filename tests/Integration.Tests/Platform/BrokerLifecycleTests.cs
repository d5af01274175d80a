using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>What the provider does at its RabbitMQ over a tenant's life, and while the broker is killed under it.</summary>
[Collection(SharedPlatform.Name)]
public sealed class BrokerLifecycleTests(PlatformFixture platform)
{
    /// <summary>The lock around the mapping: holding it stops a JOIN between granting permissions and adding the mapping.</summary>
    private const long MappingLock = 0x696f742d76686f73;

    private readonly RabbitMqServer _broker = platform.Broker;
    private readonly ProviderStack _provider = platform.Provider;

    [SkippableFact]
    public async Task Prepare_BeforeTheJoin_MakesEverythingButTheWayIn()
    {
        var prepared = await _provider.PrepareAsync("early");
        await _provider.PrepareAsync("unwanted");
        await Waiting.UntilAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenants WHERE tenant_id IN ('early', 'unwanted') AND broker_due_at IS NOT NULL") == 0);

        (await _broker.AdminAsync(HttpMethod.Get, "queues/early/telemetry")).ShouldNotBeNull();
        (await _broker.AdminAsync(HttpMethod.Get, "permissions/early/early-mqtt-bridge")).ShouldBeNull();
        (await _broker.AdminAsync(HttpMethod.Get, "global-parameters/mqtt_default_vhosts") ?? "").ShouldNotContain("early-mqtt-bridge");

        using var tenant = new JoinedTenant();
        await tenant.JoinWithAsync(_provider, prepared.JoinKey);
        using var bridge = tenant.Bridge(_broker);
        (await bridge.PublishAsync("early.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);

        using var admin = await _provider.AdminAsync();
        await admin.RemoveTenantAsync("unwanted");
        await Waiting.UntilAsync(async () => await _broker.AdminAsync(HttpMethod.Get, "vhosts/unwanted") is null);
        (await _broker.AdminAsync(HttpMethod.Get, "users/unwanted-mqtt-bridge")).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Join_BrokerKilledInTheMiddle_Answers503AndTheSameKeyCompletes()
    {
        var prepared = await _provider.PrepareAsync("killed");
        using var tenant = new JoinedTenant();
        Task first;
        await using (var gate = await _provider.Database.DataSource.OpenConnectionAsync())
        {
            await ExecuteAsync(gate, $"SELECT pg_advisory_lock({MappingLock})");
            first = tenant.JoinWithAsync(_provider, prepared.JoinKey);
            await Waiting.UntilAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") > 0);
            (await _broker.AdminAsync(HttpMethod.Get, "users/killed-mqtt-bridge")).ShouldNotBeNull();
            await _broker.KillAsync();
            await ExecuteAsync(gate, $"SELECT pg_advisory_unlock({MappingLock})");
        }

        var down = await Should.ThrowAsync<ApiException>(() => first);
        down.Status.ShouldBe(503);
        down.RetryAfter.ShouldNotBeNull();
        using var admin = await _provider.AdminAsync();
        var waiting = await admin.GetTenantAsync("killed");
        waiting.Status.ShouldBe(TenantStatus.Joining);
        waiting.BrokerProblem.ShouldNotBeNull();
        waiting.Steps.Single(s => s.Step == "broker").LastError.ShouldNotBeNull();

        await _broker.StartAgainAsync();
        await Waiting.UntilAsync(async () => await JoinsAsync(tenant, prepared.JoinKey));

        (await admin.CheckBrokerAsync("killed")).Differences.ShouldBeEmpty();
        using var bridge = tenant.Bridge(_broker);
        (await bridge.PublishAsync("killed.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Suspend_LiveBridge_IsDisconnectedWhenTheCallReturnsAndResumeLetsItBackIn()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "paused");
        using var admin = await _provider.AdminAsync();
        using var mosquitto = tenant.Bridge(_broker);
        await using var bridge = await mosquitto.SubscribeAsync("paused.bridge", "commands/#");
        bridge.Subscribed.ShouldBeTrue(bridge.Output);

        await admin.SuspendTenantAsync("paused", "unpaid");

        (await _broker.AdminAsync(HttpMethod.Get, "connections/username/paused-mqtt-bridge")).ShouldBe("[]");
        await bridge.LostAsync();
        (await mosquitto.PublishAsync("paused.other", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        (await _broker.AdminAsync(HttpMethod.Get, "global-parameters/mqtt_default_vhosts"))!.ShouldNotContain("paused-mqtt-bridge");
        (await admin.CheckBrokerAsync("paused")).Differences.ShouldBeEmpty();

        await admin.ResumeTenantAsync("paused");

        (await mosquitto.PublishAsync("paused.other", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Suspend_BrokerIsDown_IsCarriedOutWhenItIsBack()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "late");
        using var admin = await _provider.AdminAsync();
        await _broker.KillAsync();

        (await Should.ThrowAsync<ApiException>(() => admin.SuspendTenantAsync("late", "unpaid"))).Status.ShouldBe(503);

        await _broker.StartAgainAsync();
        await Waiting.UntilAsync(async () => !(await _broker.AdminAsync(HttpMethod.Get, "global-parameters/mqtt_default_vhosts"))!.Contains("late-mqtt-bridge", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Provider_Down_NoBridgeGetsInAndWhoIsInStays()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "alone");
        using var bridge = tenant.Bridge(_broker);
        await using var connected = await bridge.SubscribeAsync("alone.stays", "commands/#");
        await _provider.KillAsync();

        (await bridge.PublishAsync("alone.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        (await bridge.PublishAsync("globex.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.NotAuthorised);
        connected.Connects.ShouldBe(1);

        await _provider.StartProcessAsync();
        (await bridge.PublishAsync("alone.bridge", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
    }

    [SkippableFact]
    public async Task Check_AfterAnAdminsHand_ShowsItAndRepairPutsItRight()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "drifted");
        using var admin = await _provider.AdminAsync();
        await _broker.AdminAsync(HttpMethod.Put, "permissions/drifted/drifted-mqtt-bridge", """{"configure":".*","write":".*","read":".*"}""");

        (await admin.CheckBrokerAsync("drifted")).Differences.Single().What.ShouldBe("permission of drifted-mqtt-bridge in drifted");
        (await admin.RepairBrokerAsync("drifted")).Differences.Count.ShouldBe(1);

        (await admin.CheckBrokerAsync("drifted")).Differences.ShouldBeEmpty();
        using var bridge = tenant.Bridge(_broker);
        (await bridge.PublishAsync("drifted.x", "elsewhere/x", "{}")).ShouldBe(MqttOutcome.NoConnection);
    }

    [SkippableFact]
    public async Task Join_VhostOfThatNameIsForeign_SaysSoAndGrantsNothing()
    {
        await _broker.AdminAsync(HttpMethod.Put, "vhosts/taken", "{}");
        var prepared = await _provider.PrepareAsync("taken");
        using var tenant = new JoinedTenant();

        var refused = await Should.ThrowAsync<ApiException>(() => tenant.JoinWithAsync(_provider, prepared.JoinKey));

        refused.Status.ShouldBe(503);
        using var admin = await _provider.AdminAsync();
        (await admin.GetTenantAsync("taken")).Steps.Single(s => s.Step == "broker").LastError!.ShouldContain("vHost taken that this platform did not make");
        (await _broker.AdminAsync(HttpMethod.Get, "users/taken-mqtt-bridge")).ShouldBeNull();
        await admin.RemoveTenantAsync("taken");
        (await _broker.AdminAsync(HttpMethod.Get, "vhosts/taken")).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Remove_Tenant_LeavesNothingAndEndsItsConnections()
    {
        using var other = await JoinedTenant.JoinAsync(_provider, "stays");
        using var tenant = await JoinedTenant.JoinAsync(_provider, "gone");
        using var admin = await _provider.AdminAsync();
        using var mosquitto = tenant.Bridge(_broker);
        await using var bridge = await mosquitto.SubscribeAsync("gone.bridge", "commands/#");

        await admin.RemoveTenantAsync("gone");

        await bridge.LostAsync();
        // The certificate is revoked: the handshake fails as soon as the broker has the new revocation list.
        (await mosquitto.PublishAsync("gone.other", "telemetry/x", "{}")).ShouldBeOneOf(MqttOutcome.NotAuthorised, MqttOutcome.NoConnection);
        using var stays = other.Bridge(_broker);
        (await stays.PublishAsync("stays.x", "telemetry/x", "{}")).ShouldBe(MqttOutcome.Done);
        (await _broker.AdminAsync(HttpMethod.Get, "vhosts/gone")).ShouldBeNull();
        (await _broker.AdminAsync(HttpMethod.Get, "users/gone-mqtt-bridge")).ShouldBeNull();
    }

    private async Task<bool> JoinsAsync(JoinedTenant tenant, string joinKey)
    {
        try
        {
            await tenant.JoinWithAsync(_provider, joinKey);
            return true;
        }
        catch (ApiException e) when (e.Status == 503)
        {
            return false;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
