using System.Globalization;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Stacks;
using IoTPlatform.Telemetry;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Telemetry from a bridge's PUBLISH to a row, with everything that can be killed being killed on the way.</summary>
[Collection(SharedPlatform.Name)]
public sealed class TelemetryTests(TelemetryTests.Fixture fixture) : IClassFixture<TelemetryTests.Fixture>
{
    private const int Many = 3000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly RabbitMqServer _broker = fixture.Platform.Broker;
    private readonly ProviderStack _provider = fixture.Platform.Provider;

    [SkippableFact]
    public async Task Publish_OverTheBridge_IsStoredAndListed()
    {
        using var tenant = await JoinAsync("stored");
        using var bridge = tenant.Bridge(_broker);
        var sent = TimeProvider.System.GetUtcNow().AddMinutes(-3);

        (await bridge.PublishAsync("stored.b", "telemetry/pump-7/temperature", $$"""{"t":21.5,"timestamp":"{{sent:O}}"}""")).ShouldBe(MqttOutcome.Done);
        (await bridge.PublishAsync("stored.b", "telemetry/pump-8", """{"t":22}""")).ShouldBe(MqttOutcome.Done);

        (await bridge.PublishAsync("stored.b", "events/pump-9/door", """{"open":true}""")).ShouldBe(MqttOutcome.Done);
        (await bridge.PublishAsync("stored.b", "status/pump-9", """{"up":true}""")).ShouldBe(MqttOutcome.Done);

        await StoredAsync("stored", 4);
        using var admin = await _provider.AdminAsync();
        var listed = (await admin.ListTelemetryAsync("stored", stream: "telemetry")).Items;
        (await admin.ListTelemetryAsync("stored", stream: "events")).Items.ShouldHaveSingleItem().Topic.ShouldBe("events/pump-9/door");
        listed.Select(r => (r.DeviceId, r.Topic)).ShouldBe([("pump-8", "telemetry/pump-8"), ("pump-7", "telemetry/pump-7/temperature")]);
        listed[0].SentAt.ShouldBe(listed[0].ReceivedAt);
        listed[1].SentAt.ShouldBe(sent, TimeSpan.FromMicroseconds(1));
        listed[1].Payload.GetProperty("t").GetDouble().ShouldBe(21.5);
        (await admin.ListTelemetryAsync("stored", device: "pump-7")).Items.Count.ShouldBe(1);
        (await admin.ListTelemetryAsync("stored", from: sent.AddMinutes(1), stream: "telemetry")).Items.Single().DeviceId.ShouldBe("pump-8");
        (await admin.ListTelemetryAsync("stored", before: sent.AddMinutes(1))).Items.Single().DeviceId.ShouldBe("pump-7");
        await Waiting.UntilAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT coalesce(sum(messages), 0)::bigint FROM provider.bridge_minutes WHERE tenant_id = 'stored'") == 4, Patience);
    }

    [SkippableFact]
    public async Task Publish_TheSameTwice_IsStoredOnceWithATimestampAndTwiceWithoutOne()
    {
        using var tenant = await JoinAsync("twice");
        using var bridge = tenant.Bridge(_broker);
        var timed = $$"""{"t":1,"timestamp":"{{TimeProvider.System.GetUtcNow():O}}"}""";

        foreach (var payload in new[] { timed, timed, """{"t":1}""", """{"t":1}""" })
        {
            (await bridge.PublishAsync("twice.b", "telemetry/pump-7", payload)).ShouldBe(MqttOutcome.Done);
        }

        await ExactlyAsync(tenant, "twice", 3);
    }

    [SkippableTheory]
    [InlineData("over size", "telemetry/d", "LONG", TelemetryRefusal.TooLong)]
    [InlineData("no device", "telemetry/UPPER/x", "{}", TelemetryRefusal.Topic)]
    [InlineData("not JSON", "telemetry/d", "21.5 degrees", TelemetryRefusal.NotJson)]
    [InlineData("not an object", "telemetry/d", "[1]", TelemetryRefusal.NotAnObject)]
    [InlineData("wrong timestamp", "telemetry/d", """{"timestamp":"soon"}""", TelemetryRefusal.Timestamp)]
    [InlineData("future timestamp", "telemetry/d", """{"timestamp":"2999-01-01T00:00:00Z"}""", TelemetryRefusal.Future)]
    [InlineData("older than retention", "telemetry/d", """{"timestamp":"2001-01-01T00:00:00Z"}""", TelemetryRefusal.TooOld)]
    public async Task BadMessage_IsADeadLetterWithItsReasonAndBlocksNoOthers(string what, string topic, string payload, string reason)
    {
        _ = what;
        if (payload == "LONG")
        {
            payload = "{\"t\":\"" + new string('x', TelemetryFormat.LongestPayload) + "\"}";
        }

        using var bridge = fixture.Bad.Bridge(_broker);
        var before = await CountAsync("bad");

        (await bridge.PublishAsync("bad.b", topic, payload)).ShouldBe(MqttOutcome.Done);
        (await bridge.PublishAsync("bad.b", "telemetry/d", """{"after":"it"}""")).ShouldBe(MqttOutcome.Done);

        await StoredAsync("bad", before + 1);
        JsonArray taken = [];
        await UntilAsync(async () => (taken = JsonNode.Parse((await _broker.AdminAsync(HttpMethod.Post, "queues/bad/telemetry.dead/get", """{"count":5,"ackmode":"ack_requeue_false","encoding":"auto"}"""))!)!.AsArray()).Count > 0);
        var dead = taken.Single()!;
        ((string)dead["properties"]!["headers"]!["reason"]!).ShouldBe(reason);
        ((string)dead["payload"]!).ShouldBe(payload);
        ((string)dead["routing_key"]!).ShouldBe(topic.Replace('/', '.'));
    }

    [SkippableFact]
    public async Task BadMessages_ThatTheBrokerWillNotTakeBack_BlockNoOthers()
    {
        using var flooding = await JoinAsync("flooding");
        using var calm = await JoinAsync("calm");
        // Its dead letters cannot be published, so this tenant's ingest stops.
        await _broker.AdminAsync(HttpMethod.Delete, "exchanges/flooding/telemetry.dead");
        await new ConfirmedPublisher(_broker, flooding, "flooding").PublishAsync(0, Many, i => $"poison {i}");

        await new ConfirmedPublisher(_broker, calm, "calm").PublishAsync(0, Many, Untimed);

        await StoredAsync("calm", Many);
        (await _broker.AdminAsync(HttpMethod.Post, "queues/flooding/telemetry.dead/get", """{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}""")).ShouldBe("[]");
        using var admin = await _provider.AdminAsync();
        (await admin.RepairBrokerAsync("flooding")).Differences.Single().What.ShouldBe("binding of telemetry.dead in flooding");
        await WaitingAsync("flooding", "telemetry.dead", Many);
    }

    [SkippableFact]
    public async Task Broker_KilledInTheMiddle_NothingIsLostOrStoredTwice()
    {
        using var tenant = await JoinAsync("brokerkill");
        var publisher = new ConfirmedPublisher(_broker, tenant, "brokerkill");
        var publishing = publisher.PublishAsync(0, Many, Timed);
        await UntilAsync(async () => await CountAsync("brokerkill") > Many / 10);

        await _broker.KillAsync();
        await _broker.StartAgainAsync();
        await publishing;

        await ExactlyAsync(tenant, "brokerkill", Many);
    }

    [SkippableFact]
    public async Task Provider_KilledInTheMiddle_NothingIsLostOrStoredTwice()
    {
        using var tenant = await JoinAsync("providerkill");
        var publishing = new ConfirmedPublisher(_broker, tenant, "providerkill").PublishAsync(0, Many, i => i % 2 == 0 ? Timed(i) : Untimed(i));
        await UntilAsync(async () => await CountAsync("providerkill") > Many / 10);

        await _provider.KillAsync();
        await publishing;
        await _provider.StartProcessAsync();

        await ExactlyAsync(tenant, "providerkill", Many);
    }

    [SkippableFact]
    public async Task Provider_KilledBetweenCommitAndAcknowledgement_RecognisesWhatItStored()
    {
        using var tenant = await JoinAsync("between");
        await using (var hold = await Hold.OnWriteAsync(_provider.Database, "provider.telemetry", "NEW.tenant_id = 'between'"))
        {
            // Some differ only in the moment of sending, which the message does not contain.
            await new ConfirmedPublisher(_broker, tenant, "between").PublishAsync(0, 300, i => i % 3 == 0 ? Timed(i) : $$"""{"n":{{i / 30}}}""");
            await hold.ReachedAsync(_provider.Process);
            await Tools.RunAsync(Requires.Tool("kill"), ["-STOP", _provider.Process.Id.ToString(CultureInfo.InvariantCulture)]);
            await hold.ReleaseAsync();
            await UntilAsync(async () => await CountAsync("between") > 0);
            await _provider.KillAsync();
        }

        var stored = await CountAsync("between");
        await WaitingAsync("between", "telemetry", 300);
        await _provider.StartProcessAsync();

        await ExactlyAsync(tenant, "between", 300);
        stored.ShouldBeGreaterThan(0);
    }

    [SkippableFact]
    public async Task Database_AwayInTheMiddle_TelemetryWaitsAndNothingIsLostOrStoredTwice()
    {
        using var tenant = await JoinAsync("nodatabase");
        var publisher = new ConfirmedPublisher(_broker, tenant, "nodatabase");
        await publisher.PublishAsync(0, Many / 10, Untimed);
        await StoredAsync("nodatabase", Many / 10);
        try
        {
            await publisher.PublishAsync(Many / 10, Many, Untimed, onceConnected: CutDatabaseAsync);
            await _provider.Process.WaitForLineAsync(line => line.Contains("Telemetry can't be stored because the database is away", StringComparison.Ordinal));
        }
        finally
        {
            await _provider.Database.ExecuteAsSuperuserAsync($"ALTER DATABASE {_provider.Database.Name} CONNECTION LIMIT -1");
            _provider.Database.DataSource.Clear();
        }

        await ExactlyAsync(tenant, "nodatabase", Many / 10 + Many);
    }

    [SkippableFact]
    public async Task Provider_StoppedInTheMiddle_EndsInTimeAndNothingIsLostOrStoredTwice()
    {
        using var tenant = await JoinAsync("stopped");
        var publishing = new ConfirmedPublisher(_broker, tenant, "stopped").PublishAsync(0, Many, Untimed);
        await UntilAsync(async () => await CountAsync("stopped") > Many / 10);

        _provider.Process.Terminate();
        (await _provider.Process.WaitForExitAsync()).ShouldBe(0, _provider.Process.Output);
        await _provider.Process.DisposeAsync();
        await publishing;
        await _provider.StartProcessAsync();

        await ExactlyAsync(tenant, "stopped", Many);
    }

    [SkippableFact]
    public async Task Reader_WithoutItsRights_GetsThemBackByItself()
    {
        using var tenant = await JoinAsync("norights");
        await _broker.AdminAsync(HttpMethod.Delete, "permissions/norights/iot-amqp");
        await _broker.AdminAsync(HttpMethod.Delete, "connections/username/iot-amqp");

        await new ConfirmedPublisher(_broker, tenant, "norights").PublishAsync(0, 10, Untimed);

        await ExactlyAsync(tenant, "norights", 10);
        using var admin = await _provider.AdminAsync();
        (await admin.CheckBrokerAsync("norights")).Differences.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Checkpoint_OfTheWayUp_IsRecordedWhenWhatTheBrokerHadBeforeItIsStored()
    {
        var until = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        // Its queue is not read yet.
        using var early = await JoinAsync("ahead");
        (await RecordAsync(early, "ahead")).ShouldBeTrue();
        using var tenant = await JoinAsync("checkpointed");
        await new ConfirmedPublisher(_broker, tenant, "checkpointed").PublishAsync(0, 10, Untimed);
        await StoredAsync("checkpointed", 10);

        (await RecordAsync(tenant, "checkpointed")).ShouldBeTrue();

        // Not by the question: it has to come through the queue.
        (await RecordedAsync("checkpointed")).ShouldBe(0);
        await ExactlyAsync(tenant, "checkpointed", 10);
        await UntilAsync(async () => await RecordedAsync("checkpointed") == 1 && await RecordedAsync("ahead") == 1);
        (await AskAsync(tenant, "checkpointed", "another")).ResendFrom.ShouldBe(until.AddMinutes(-1));

        async Task<bool> RecordAsync(JoinedTenant from, string tenantId) => (await AskAsync(from, tenantId, (await AskAsync(from, tenantId, null)).Database)).Recorded;

        Task<UplinkCheckpoint> AskAsync(JoinedTenant from, string tenantId, string? database) => AskForCheckpointAsync(from, tenantId, new UplinkProgress { Database = database, AcknowledgedUntil = until });

        Task<long> RecordedAsync(string tenantId) => _provider.Database.ScalarAsync<long>($"SELECT count(*) FROM provider.uplink_checkpoints WHERE tenant_id = '{tenantId}'");
    }

    [SkippableFact]
    public async Task Checkpoint_IntoAFullQueue_IsLeftOut_AndTheSessionThatDrainsItGoesOn()
    {
        using var tenant = await JoinAsync("full");
        await new ConfirmedPublisher(_broker, tenant, "full").PublishAsync(0, 1, Untimed);
        await StoredAsync("full", 1);
        var progress = new UplinkProgress { AcknowledgedUntil = TimeProvider.System.GetUtcNow() };
        var database = (await AskForCheckpointAsync(tenant, "full", progress)).Database;
        await _broker.AdminAsync(HttpMethod.Put, "policies/full/no-room", """{"pattern":"^telemetry$","apply-to":"queues","priority":10,"definition":{"max-length":0,"overflow":"reject-publish"}}""");
        await UntilAsync(async () => (await _broker.AdminAsync(HttpMethod.Get, "queues/full/telemetry"))!.Contains("no-room", StringComparison.Ordinal));

        (await AskForCheckpointAsync(tenant, "full", progress with { Database = database })).Recorded.ShouldBeTrue();

        await _broker.AdminAsync(HttpMethod.Delete, "policies/full/no-room");
        await UntilAsync(async () => !(await _broker.AdminAsync(HttpMethod.Get, "queues/full/telemetry"))!.Contains("no-room", StringComparison.Ordinal));
        await new ConfirmedPublisher(_broker, tenant, "full").PublishAsync(1, 1, Untimed);
        await StoredAsync("full", 2);
        _provider.Process.Output.ShouldNotContain("The connection for the telemetry of tenant full ended");
    }

    [SkippableFact]
    public async Task Suspended_WhatWasAcknowledgedBefore_IsStillStored()
    {
        using var tenant = await JoinAsync("suspended");
        using var admin = await _provider.AdminAsync();
        await admin.SuspendTenantAsync("suspended", "unpaid");

        await new ConfirmedPublisher(_broker, tenant, "suspended").PublishAsync(0, 10, Untimed);

        await ExactlyAsync(tenant, "suspended", 10);
        (await admin.CheckBrokerAsync("suspended")).Differences.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Removed_TenantsTelemetry_GoesAndOthersStay()
    {
        using var tenant = await JoinAsync("removed");
        await new ConfirmedPublisher(_broker, tenant, "removed").PublishAsync(0, 10, Untimed);
        await StoredAsync("removed", 10);
        var others = await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id <> 'removed'");
        using var admin = await _provider.AdminAsync();

        await admin.RemoveTenantAsync("removed");

        (await CountAsync("removed")).ShouldBe(0);
        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id <> 'removed'")).ShouldBe(others);
    }

    private async Task<UplinkCheckpoint> AskForCheckpointAsync(JoinedTenant tenant, string tenantId, UplinkProgress progress)
    {
        using var bridge = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(tenant.BridgePem, tenant.BridgePem);
        using var client = ProviderClient.Create(_provider.Url, _provider.Trust.Provider("iot.example"), bridge);
        return await client.RecordUplinkAsync(tenantId, progress);
    }

    /// <summary>Also when the provider still holds connections that a test cut.</summary>
    private async Task<JoinedTenant> JoinAsync(string tenantId)
    {
        using var admin = await _provider.AdminAsync();
        var tenant = new JoinedTenant();
        string? key = null;
        await UntilAsync(async () =>
        {
            try
            {
                key ??= (await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = tenantId, DisplayName = tenantId })).JoinKey;
                await tenant.JoinWithAsync(_provider, key);
                return true;
            }
            catch (ApiException e) when (e.Status >= 500)
            {
                return false;
            }
        });
        return tenant;
    }

    private async Task CutDatabaseAsync()
    {
        await _provider.Database.ExecuteAsSuperuserAsync($"ALTER DATABASE {_provider.Database.Name} CONNECTION LIMIT 0");
        await _provider.Database.ExecuteAsSuperuserAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }

    private static string Untimed(int i) => $$"""{"n":{{i}}}""";

    private static string Timed(int i) => $$"""{"n":{{i}},"timestamp":"{{TimeProvider.System.GetUtcNow().AddHours(-1):yyyy-MM-ddTHH}}:00:00Z"}""";

    /// <summary>That many, and nothing is still to come: a last message is behind all of them, in the queue and in the database.</summary>
    private async Task ExactlyAsync(JoinedTenant tenant, string tenantId, int count)
    {
        await new ConfirmedPublisher(_broker, tenant, tenantId).PublishAsync(0, 1, _ => "{}", "telemetry.last");
        await UntilAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = $1 AND device_id = 'last'", tenantId) == 1);
        (await CountAsync(tenantId)).ShouldBe(count + 1);
    }

    private Task StoredAsync(string tenantId, long count) => UntilAsync(async () => await CountAsync(tenantId) == count);

    private async Task<long> CountAsync(string tenantId) => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = $1", tenantId);

    /// <summary>The broker's figures are some seconds old.</summary>
    private Task WaitingAsync(string vhost, string queue, int count) => UntilAsync(async () =>
        JsonNode.Parse((await _broker.AdminAsync(HttpMethod.Get, $"queues/{vhost}?disable_stats=true&enable_queue_totals=true"))!)!.AsArray().Any(q => (string)q!["name"]! == queue && (int)q["messages"]! == count));

    private static Task UntilAsync(Func<Task<bool>> condition) => Waiting.UntilAsync(condition, Patience);

    public sealed class Fixture(PlatformFixture platform) : IAsyncLifetime
    {
        public PlatformFixture Platform { get; } = platform;

        /// <summary>Tenant <c>bad</c>.</summary>
        internal JoinedTenant Bad { get; private set; } = null!;

        public async Task InitializeAsync() => Bad = await JoinedTenant.JoinAsync(Platform.Provider, "bad");

        public Task DisposeAsync()
        {
            Bad?.Dispose();
            return Task.CompletedTask;
        }
    }
}
