using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Telemetry;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.TenantBroker;

/// <summary>What devices publish to their tenant's RabbitMQ, to the tenant's rows and the provider's; and what they get from it.</summary>
[Collection(SharedTenantBroker.Name)]
public sealed class DeviceMessagesTests(TenantBrokerFixture fixture)
{
    private const int Many = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData("talker", "telemetry/talker/boiler", "telemetry/talker/boiler")]
    [InlineData("teller", "devices/teller/telemetry", "telemetry/teller")]
    [InlineData("doorman", "devices/doorman/events/door/open", "events/doorman/door/open")]
    [InlineData("valve", "devices/valve/state", "status/valve")]
    [InlineData("talker.2", "devices/talker:2/telemetry/boiler", "telemetry/talker:2/boiler")]
    public async Task Message_OfADevice_IsInItsTenantsTable_AndGoesUpToTheProvider(string deviceId, string topic, string stored)
    {
        using var device = await fixture.DeviceAsync(deviceId);

        (await device.PublishAsync($"acme.{deviceId}", topic, """{"t":21.5}""")).ShouldBe(MqttOutcome.Done, fixture.Broker.Log);

        await UntilAsync(async () => await CountAsync("tenant.telemetry", deviceId, stored) == 1);
        await UntilAsync(async () => await fixture.Provider.Database.ScalarAsync<long>(
            "SELECT count(*) FROM provider.telemetry WHERE tenant_id = 'acme' AND device_id = $1 AND topic = $2 AND (payload->>'t')::numeric = 21.5", deviceId, stored) == 1);
    }

    [SkippableFact]
    public async Task State_OfADevice_IsItsLastKnownState()
    {
        using var device = await fixture.DeviceAsync("stateful");

        (await device.PublishAsync("acme.stateful", "devices/stateful/state", """{"valve":"open"}""")).ShouldBe(MqttOutcome.Done);

        await UntilAsync(async () => await fixture.Tenant.Database.ScalarAsync<string>("SELECT payload->>'valve' FROM tenant.device_state WHERE device_id = 'stateful'") == "open");
    }

    [SkippableTheory]
    [InlineData("too long", "LONG", TelemetryRefusal.TooLong)]
    [InlineData("not JSON", "21.5 degrees", TelemetryRefusal.NotJson)]
    [InlineData("not an object", "[1]", TelemetryRefusal.NotAnObject)]
    [InlineData("future timestamp", """{"timestamp":"2999-01-01T00:00:00Z"}""", TelemetryRefusal.Future)]
    [InlineData("older than retention", """{"timestamp":"2001-01-01T00:00:00Z"}""", TelemetryRefusal.TooOld)]
    public async Task BadMessage_IsADeadLetterWithItsReason_AndBlocksNoOthers(string what, string payload, string reason)
    {
        var deviceId = "bad-" + what.Replace(' ', '-').ToLowerInvariant();
        using var device = await fixture.DeviceAsync(deviceId);
        payload = payload == "LONG" ? "{\"t\":\"" + new string('x', 65 * 1024) + "\"}" : payload;

        (await device.PublishAsync($"acme.{deviceId}", $"telemetry/{deviceId}", payload)).ShouldBe(MqttOutcome.Done);
        (await device.PublishAsync($"acme.{deviceId}", $"telemetry/{deviceId}", """{"after":"it"}""")).ShouldBe(MqttOutcome.Done);

        await UntilAsync(async () => await CountAsync("tenant.telemetry", deviceId, $"telemetry/{deviceId}") == 1);
        var dead = (await DeadAsync($"telemetry.{deviceId}")).ShouldHaveSingleItem();
        ((string)dead["properties"]!["headers"]!["reason"]!).ShouldBe(reason);
        ((string)dead["payload"]!).ShouldBe(payload);
    }

    /// <summary>The tenant is killed while the database is about to commit: the broker gives out again what may or may not be stored.</summary>
    [SkippableTheory]
    [InlineData("""{"n":N}""")]
    [InlineData("""{"n":N,"timestamp":"NOW"}""")]
    public async Task Tenant_KilledBetweenPublishAndCommit_NothingIsLostOrStoredTwice(string payload)
    {
        var deviceId = payload.Contains("NOW", StringComparison.Ordinal) ? "killed-timed" : "killed-untimed";
        using var device = await fixture.DeviceAsync(deviceId);
        var now = TimeProvider.System.GetUtcNow().ToString("O");
        await using (var hold = await Hold.OnWriteAsync(fixture.Tenant.Database, "tenant.telemetry", $"NEW.device_id = '{deviceId}'"))
        {
            for (var n = 0; n < Many; n++)
            {
                (await device.PublishAsync($"acme.{deviceId}", $"telemetry/{deviceId}", payload.Replace("N}", $"{n}}}").Replace("N,", $"{n},").Replace("NOW", now))).ShouldBe(MqttOutcome.Done);
            }

            await hold.ReachedAsync(fixture.Tenant.Process);
            await fixture.Tenant.KillAsync();
            await hold.ReleaseAsync();
        }

        // What the killed process had begun ends, one way or the other.
        await UntilAsync(async () => await fixture.Tenant.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%tenant.telemetry%'") == 0);
        fixture.Tenant.Launch();
        await fixture.Tenant.ReadyAsync();
        await fixture.ReadingAsync(1);

        await UntilAsync(async () => await CountAsync("tenant.telemetry", deviceId, $"telemetry/{deviceId}") >= Many);
        (await device.PublishAsync($"acme.{deviceId}", $"telemetry/{deviceId}", """{"n":-1}""")).ShouldBe(MqttOutcome.Done);
        await UntilAsync(async () => await fixture.Tenant.Database.ScalarAsync<long>($"SELECT count(*) FROM tenant.telemetry WHERE device_id = $1 AND payload->>'n' = '-1'", deviceId) == 1);
        (await CountAsync("tenant.telemetry", deviceId, $"telemetry/{deviceId}")).ShouldBe(Many + 1);
        (await fixture.Tenant.Database.ScalarAsync<long>("SELECT count(DISTINCT payload->>'n') FROM tenant.telemetry WHERE device_id = $1", deviceId)).ShouldBe(Many + 1);
    }

    /// <summary>Two readings that look alike are two, though the second comes again after the first was stored.</summary>
    [SkippableFact]
    public async Task Tenant_KilledBeforeItStoredAReadingLikeOneBefore_HasBoth()
    {
        using var device = await fixture.DeviceAsync("switch");
        (await device.PublishAsync("acme.switch", "telemetry/switch", """{"on":true}""")).ShouldBe(MqttOutcome.Done);
        await UntilAsync(async () => await CountAsync("tenant.telemetry", "switch", "telemetry/switch") == 1);
        await UntilAsync(async () => await fixture.Tenant.Database.ScalarAsync<bool>(
            "SELECT acknowledged_to > (SELECT max(received_at) FROM tenant.telemetry WHERE device_id = 'switch') FROM tenant.device_queue"));
        await using (var hold = await Hold.OnWriteAsync(fixture.Tenant.Database, "tenant.telemetry", "NEW.device_id = 'switch'"))
        {
            (await device.PublishAsync("acme.switch", "telemetry/switch", """{"on":true}""")).ShouldBe(MqttOutcome.Done);
            await hold.ReachedAsync(fixture.Tenant.Process);
            await fixture.Tenant.KillAsync();
            // What it had begun is not stored.
            await fixture.Tenant.Database.ExecuteAsync(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%tenant.telemetry%'");
            await hold.ReleaseAsync();
        }

        fixture.Tenant.Launch();
        await fixture.Tenant.ReadyAsync();
        await fixture.ReadingAsync(1);

        await UntilAsync(async () => await CountAsync("tenant.telemetry", "switch", "telemetry/switch") >= 2);
        (await device.PublishAsync("acme.switch", "telemetry/switch/after", "{}")).ShouldBe(MqttOutcome.Done);
        await UntilAsync(async () => await CountAsync("tenant.telemetry", "switch", "telemetry/switch/after") == 1);
        (await CountAsync("tenant.telemetry", "switch", "telemetry/switch")).ShouldBe(2);
    }

    /// <summary>AMQP has no way to hand it on: each who reads the queue would lose the connection over it.</summary>
    [SkippableFact]
    public async Task Attack_TopicThatAmqpCannotCarry_IsRefused_AndOthersAreRead()
    {
        using var device = await fixture.DeviceAsync("long-winded");
        using var other = await fixture.DeviceAsync("terse");

        (await device.PublishAsync("acme.long-winded", "telemetry/long-winded/" + new string('x', 300), "{}", timeout: TimeSpan.FromSeconds(3))).ShouldNotBe(MqttOutcome.Done);
        (await other.PublishAsync("acme.terse", "telemetry/terse", "{}")).ShouldBe(MqttOutcome.Done);

        await UntilAsync(async () => await CountAsync("tenant.telemetry", "terse", "telemetry/terse") == 1);
    }

    [SkippableTheory]
    [InlineData("obedient", "commands/obedient", "commands/obedient")]
    [InlineData("obedient.2", "devices/obedient:2/commands", "devices/obedient:2/commands")]
    public async Task Command_ToADeviceThatIsThere_IsDelivered_AndItsAnswerStored(string deviceId, string down, string up)
    {
        using var device = await fixture.DeviceAsync(deviceId);
        await using var commands = await device.SubscribeAsync($"acme.{deviceId}", down + "/#");
        await UntilAsync(async () => (await fixture.Admin.GetDeviceAsync(deviceId)).Presence?.Online == true);

        var sent = await fixture.Admin.SendCommandAsync(deviceId, new SendCommandRequest { Name = "set-speed", Payload = JsonElement.Parse("""{"rpm":900}""") });

        await UntilAsync(() => Task.FromResult(commands.Messages.Any()));
        var line = commands.Messages.Single();
        line.ShouldStartWith($"{down}/{sent.Id} ");
        var body = JsonNode.Parse(line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..])!;
        ((string)body["method"]!, (int)body["params"]!["rpm"]!).ShouldBe(("set-speed", 900));
        await UntilAsync(async () => (await fixture.Admin.GetCommandAsync(deviceId, sent.Id)).State == CommandState.Delivered);
        await commands.DisposeAsync();

        (await device.PublishAsync($"acme.{deviceId}", $"{up}/{sent.Id}/response", """{"rpm":898}""")).ShouldBe(MqttOutcome.Done);

        await UntilAsync(async () => (await fixture.Admin.GetCommandAsync(deviceId, sent.Id)).State == CommandState.Answered);
        (await fixture.Admin.GetCommandAsync(deviceId, sent.Id)).Answer!.Value.GetProperty("rpm").GetInt32().ShouldBe(898);
    }

    [SkippableFact]
    public async Task Command_ToADeviceThatIsAway_WaitsUntilItComes()
    {
        using var device = await fixture.DeviceAsync("sleeper");
        var sent = await fixture.Admin.SendCommandAsync("sleeper", new SendCommandRequest { Name = "wake" });
        (await fixture.Admin.GetCommandAsync("sleeper", sent.Id)).State.ShouldBe(CommandState.Queued);

        await using var commands = await device.SubscribeAsync("acme.sleeper", "commands/sleeper/#");

        await UntilAsync(() => Task.FromResult(commands.Messages.Any()));
        await UntilAsync(async () => (await fixture.Admin.GetCommandAsync("sleeper", sent.Id)).State == CommandState.Delivered);
    }

    [SkippableFact]
    public async Task Attack_AnswerToAnothersCommand_IsADeadLetter()
    {
        using var victim = await fixture.DeviceAsync("asked");
        using var thief = await fixture.DeviceAsync("not-asked");
        var sent = await fixture.Admin.SendCommandAsync("asked", new SendCommandRequest { Name = "report" });

        (await thief.PublishAsync("acme.not-asked", $"commands/not-asked/{sent.Id}/response", "{}")).ShouldBe(MqttOutcome.Done);

        ((string)(await DeadAsync($"commands.not-asked.{sent.Id}.response")).ShouldHaveSingleItem()["properties"]!["headers"]!["reason"]!).ShouldBe("command_unknown");
        (await fixture.Admin.GetCommandAsync("asked", sent.Id)).State.ShouldBe(CommandState.Queued);
    }

    [SkippableFact]
    public async Task Renewal_IsAnswered_WithACertificateThatTheBrokerTakes()
    {
        using var enrolled = await EnrolledDevice.EnrollAsync(fixture.Tenant, fixture.Admin, "renewer");
        using var device = new Mosquitto(fixture.Broker, enrolled.KeyAndChainPem);
        using var key = ECDsa.Create();
        key.ImportFromPem(enrolled.KeyAndChainPem);

        var answer = await RenewAsync(device, "renewer", key);

        using var renewed = new Mosquitto(fixture.Broker, key.ExportPkcs8PrivateKeyPem() + "\n" + (string)answer["certificate"]! + (string)answer["ca_chain"]!);
        (await renewed.PublishAsync("acme.renewer", "telemetry/renewer", "{}")).ShouldBe(MqttOutcome.Done);
    }

    /// <summary>A connection stays when its certificate ends or is revoked: alone it is worth no new one.</summary>
    [SkippableFact]
    public async Task Attack_RenewalWithoutTheKeyOfAGoodCertificate_IsRefused()
    {
        using var enrolled = await EnrolledDevice.EnrollAsync(fixture.Tenant, fixture.Admin, "hijacked");
        using var device = new Mosquitto(fixture.Broker, enrolled.KeyAndChainPem);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        ((string)(await RenewAsync(device, "hijacked", key))["code"]!).ShouldBe("key_not_certified");
        (await fixture.Admin.GetDeviceAsync("hijacked")).Certificates.Count.ShouldBe(1);
    }

    /// <summary>The broker knows the tenant's login and a device's by itself, as an operator may configure it, and asks about neither.</summary>
    [SkippableFact]
    public async Task BrokerThatDoesNotAsk_IsSeen_AndMakesTheTenantUnready()
    {
        var own = $"spiffe://{fixture.Tenant.TrustDomain}/service/{ServiceNames.TenantApi}";
        var user = $"users/{Uri.EscapeDataString(own)}";
        var readings = fixture.Readings;
        await fixture.Broker.AdminAsync(HttpMethod.Put, user, """{"password":"unused","tags":""}""");
        await fixture.Broker.AdminAsync(HttpMethod.Put, $"permissions/acme/{Uri.EscapeDataString(own)}", """{"configure":".*","write":".*","read":".*"}""");
        fixture.Broker.Edit("conf/15-devices.conf", conf => conf.Replace("auth_backends.1 = http", "auth_backends.1 = internal").Replace("auth_backends.2 = internal", "auth_backends.2 = http"));
        try
        {
            await fixture.Broker.RestartAsync();

            await fixture.Tenant.Process.WaitForLineAsync(line => line.Contains("Nothing is read from the devices' broker", StringComparison.Ordinal), Patience);
            (await fixture.ReadinessAsync()).ShouldBe((503, "broker_open"));
        }
        finally
        {
            fixture.Broker.Edit("conf/15-devices.conf", conf => conf.Replace("auth_backends.1 = internal", "auth_backends.1 = http").Replace("auth_backends.2 = http", "auth_backends.2 = internal"));
            await fixture.Broker.AdminAsync(HttpMethod.Delete, user);
            await fixture.Broker.RestartAsync();
        }

        await fixture.ReadingAsync(readings + 1);
        (await fixture.ReadinessAsync()).Status.ShouldBe(200);
    }

    private static async Task<JsonNode> RenewAsync(Mosquitto device, string deviceId, ECDsa key)
    {
        var request = new JsonObject { ["csr"] = CertificateSigningRequest.CreatePem(key, new SubjectNames()) };
        return JsonNode.Parse(await device.RequestAsync($"acme.{deviceId}", $"devices/{deviceId}/renew/request", $"devices/{deviceId}/renew/response", request.ToJsonString()))!;
    }

    private Task<long> CountAsync(string table, string deviceId, string topic) =>
        fixture.Tenant.Database.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE device_id = $1 AND topic = $2", deviceId, topic);

    /// <summary>The dead letters that were published so; others go on waiting.</summary>
    private async Task<IReadOnlyList<JsonNode>> DeadAsync(string routingKey)
    {
        IReadOnlyList<JsonNode> found = [];
        await UntilAsync(async () =>
        {
            var all = JsonNode.Parse((await fixture.Broker.AdminAsync(HttpMethod.Post, "queues/acme/devices.dead/get", """{"count":100,"ackmode":"ack_requeue_true","encoding":"auto"}"""))!)!.AsArray();
            found = [.. all.Where(letter => (string)letter!["routing_key"]! == routingKey).Select(letter => letter!)];
            return found.Count > 0;
        });
        return found;
    }

    private static Task UntilAsync(Func<Task<bool>> condition) => Waiting.UntilAsync(condition, Patience);
}
