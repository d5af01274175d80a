using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Identity;
using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Tests.Support;
using IoTPlatform.Telemetry;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Provider.Tests.Broker;

/// <summary>What the provider of the embedded default serves to tenants' bridges, and to what else knocks.</summary>
public sealed class EmbeddedBrokerTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableTheory]
    [InlineData("v5", MqttProtocolVersion.V500)]
    [InlineData("v311", MqttProtocolVersion.V311)]
    public async Task Publish_ByABridge_IsStoredInItsTenantsName(string tenantId, MqttProtocolVersion version)
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync(tenantId, tenant);
        bundle.RabbitmqMqttUrl.ShouldBe($"mqtts://localhost:{_provider.Url.Port}/");
        using var bridge = new BridgeClient(_provider, tenant.WithBridgeKey(bundle.MqttBridgeCert));

        (await bridge.ConnectAsync($"{tenantId}.bridge", version)).ShouldBe(MqttClientConnectResultCode.Success);
        (await bridge.PublishAsync("telemetry/pump-7/t", """{"t":21.5}""")).IsSuccess.ShouldBeTrue();

        var stored = (await ListAsync(tenantId)).Items.ShouldHaveSingleItem();
        (stored.DeviceId, stored.Topic, stored.Payload.GetRawText()).ShouldBe(("pump-7", "telemetry/pump-7/t", """{"t":21.5}"""));
        await Eventually.ShouldAsync(async () =>
        {
            _provider.Time.Advance(TimeSpan.FromMilliseconds(100));
            return (await _provider.ShowAsync(tenantId)).BridgeUpSince is not null;
        });
    }

    [SkippableFact]
    public async Task Statistics_AreForOperators_AndForNoBridge()
    {
        using var reader = new BridgeClient(_provider, certificate: null);
        (await reader.ConnectAsync("dashboard", login: ("$SYS", IssuedToken.Of(_provider.Services, "ann", Roles.Operator)))).ShouldBe(MqttClientConnectResultCode.Success);
        (await reader.SubscribeAsync("$SYS/broker/uptime")).ShouldBe(MqttClientSubscribeResultCode.GrantedQoS0);
        (await reader.SubscribeAsync("telemetry/#")).ShouldBe(MqttClientSubscribeResultCode.NotAuthorized);
        _provider.Time.Advance(TimeSpan.FromSeconds(1));
        Encoding.UTF8.GetString((await reader.ReceiveAsync()).Payload).ShouldEndWith(" seconds");

        using var viewer = new BridgeClient(_provider, certificate: null);
        (await viewer.ConnectAsync("dashboard", login: ("$SYS", IssuedToken.Of(_provider.Services, "bob", Roles.Viewer)))).ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("statistical", tenant);
        (await bridge.SubscribeAsync("$SYS/#")).ShouldBe(MqttClientSubscribeResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task Publish_EventsAndState_AreStored_AndListedByTheirStream()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("streams", tenant);
        foreach (var topic in new[] { "telemetry/d", "events/d/door", "status/d" })
        {
            (await bridge.PublishAsync(topic, "{}")).IsSuccess.ShouldBeTrue();
        }

        (await ListAsync("streams")).Items.Count.ShouldBe(3);
        (await ListAsync("streams", "?stream=events")).Items.ShouldHaveSingleItem().Topic.ShouldBe("events/d/door");
        (await ListAsync("streams", "?stream=state&device=d")).Items.ShouldHaveSingleItem().Topic.ShouldBe("status/d");
        ((int)(await (await _provider.AdminAsync()).GetAsync("portal/admin/tenants/streams/telemetry?stream=other")).Status).ShouldBe(400);
    }

    [SkippableFact]
    public async Task Publish_WhatCannotBeStored_IsRefusedWithItsReasonAndBlocksNothing()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("bad", tenant);

        var refused = await bridge.PublishAsync("telemetry/d", "21.5 degrees");
        (refused.ReasonCode, refused.ReasonString).ShouldBe((MqttClientPublishReasonCode.PayloadFormatInvalid, "not_json"));
        (await bridge.PublishAsync("telemetry/d", """{"after":"it"}""")).IsSuccess.ShouldBeTrue();

        (await ListAsync("bad")).Items.ShouldHaveSingleItem();
    }

    [SkippableFact]
    public async Task Batch_IsOffered_AndStoredAsTheMessagesInIt_OnceEach()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("batches", tenant);
        bridge.Connected.UserProperties.Select(property => (property.Name, Encoding.UTF8.GetString(property.ValueBuffer.Span))).ShouldBe([(TelemetryBatch.Offer, TelemetryBatch.Version)]);
        var now = _provider.Time.GetUtcNow();
        var messages = Enumerable.Range(0, 100).Select(i => ($"telemetry/pump-{i}", Encoding.UTF8.GetBytes($$"""{"timestamp":"{{now:yyyy-MM-ddTHH:mm:ssZ}}","n":{{i}}}"""))).ToList();

        (await bridge.PublishAsync(TelemetryBatch.Topic, TelemetryBatch.Pack(messages))).IsSuccess.ShouldBeTrue();
        (await bridge.PublishAsync(TelemetryBatch.Topic, TelemetryBatch.Pack(messages.Take(50)))).IsSuccess.ShouldBeTrue();
        (await bridge.PublishAsync(messages[0].Item1, messages[0].Item2)).IsSuccess.ShouldBeTrue();

        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = 'batches'")).ShouldBe(100);
    }

    [SkippableFact]
    public async Task Batch_WithAMessageThatCannotBeStored_IsRefused_AndTheOthersAreStored()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("half", tenant);

        var refused = await bridge.PublishAsync(TelemetryBatch.Topic, TelemetryBatch.Pack([("telemetry/d", "{}"u8.ToArray()), ("telemetry/d", "21.5"u8.ToArray())]));

        (refused.ReasonCode, refused.ReasonString).ShouldBe((MqttClientPublishReasonCode.PayloadFormatInvalid, "not_an_object"));
        (await ListAsync("half")).Items.ShouldHaveSingleItem();
    }

    /// <summary>Those that wait for each other's turn at the budget, too.</summary>
    [SkippableFact]
    public async Task Store_ManyOfABridgeAtOnceUnderABudget_AreStoredInTheirOrder()
    {
        const int Many = 500;
        await _provider.PrepareAsync("ordered");
        var store = _provider.Services.GetRequiredService<IMessageStore>();
        var bridge = new MqttIdentity
        {
            Name = "ordered.bridge",
            ClientId = "ordered.bridge",
            Access = new AccessPolicy(["telemetry/#"], []),
            Credential = new TelemetryBudget(MessagesPerSecond: 50, BytesPerSecond: 1_000_000),
        };

        var storing = Task.WhenAll(Enumerable.Range(0, Many).Select(i => store.StoreAsync(
            new PublishedMessage
            {
                Publisher = bridge,
                Topic = "telemetry/pump-1",
                Payload = Encoding.UTF8.GetBytes($$"""{"n":{{i}}}"""),
                QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
                ReceivedAt = _provider.Time.GetUtcNow(),
            }, CancellationToken.None)));

        await Eventually.ShouldAsync(() =>
        {
            // The writer waits for more.
            _provider.Time.Advance(TimeSpan.FromMilliseconds(5));
            return Task.FromResult(storing.IsCompleted);
        });
        (await storing).ShouldAllBe(outcome => outcome.IsStored);
        (await _provider.Database.ScalarAsync<string>("SELECT string_agg(payload ->> 'n', ' ' ORDER BY received_at) FROM provider.telemetry WHERE tenant_id = 'ordered'"))
            .ShouldBe(string.Join(' ', Enumerable.Range(0, Many)));
    }

    [SkippableFact]
    public async Task Attack_BatchThatIsNone_OrOfOtherTopics_IsRefused()
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("nobatch", tenant);

        (await bridge.PublishAsync(TelemetryBatch.Topic, "{}")).ReasonString.ShouldBe(TelemetryBatch.Malformed);
        (await bridge.PublishAsync(TelemetryBatch.Topic, TelemetryBatch.Pack([("commands/d", "{}"u8.ToArray())]))).ReasonString.ShouldBe(TelemetryBatch.Malformed);
    }

    [SkippableTheory]
    [InlineData("commands/d")]
    [InlineData("other/d")]
    [InlineData("$SYS/broker")]
    public async Task Publish_OutsideTheTenantsTopics_IsRefused(string topic)
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("p" + topic.Length, tenant);

        (await bridge.PublishAsync(topic, "{}")).ReasonCode.ShouldBe(MqttClientPublishReasonCode.NotAuthorized);
    }

    [SkippableTheory]
    [InlineData("#")]
    [InlineData("+/+")]
    [InlineData("telemetry/#")]
    [InlineData("$share/g/commands/#")]
    public async Task Subscribe_MoreThanCommands_IsRefused(string filter)
    {
        using var tenant = new TestTenant();
        using var bridge = await ConnectedAsync("s" + filter.Length, tenant);

        ((int)await bridge.SubscribeAsync(filter)).ShouldBeGreaterThanOrEqualTo(0x80);
        (await bridge.SubscribeAsync("commands/#")).ShouldBe(MqttClientSubscribeResultCode.GrantedQoS0);
    }

    [SkippableTheory]
    [InlineData("victim.bridge")]
    [InlineData("thief")]
    [InlineData("thief.")]
    [InlineData("anything")]
    public async Task Attack_ClientIdWithoutTheOwnPrefix_IsRefused(string clientId)
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("thief", tenant);
        try
        {
            using var bridge = new BridgeClient(_provider, tenant.WithBridgeKey(bundle.MqttBridgeCert));

            (await bridge.ConnectAsync(clientId)).ShouldBe(MqttClientConnectResultCode.ClientIdentifierNotValid);
        }
        finally
        {
            await (await _provider.AdminAsync()).DeleteAsync("portal/admin/tenants/thief");
        }
    }

    [SkippableFact]
    public async Task Attack_CertificateOfASubCa_IsRefusedWhateverItsNames()
    {
        using var hostile = new HostileTenant();
        var bundle = (await _provider.TryJoinAsync((await _provider.PrepareAsync("hostile")).JoinKey, hostile.Request())).Read(ContractsJson.Default.JoinBundle);
        using var intermediate = X509Certificate2.CreateFromPem(bundle.CaChain);
        var uri = new Uri("spiffe://hostile.iot.example/mqtt-bridge");

        foreach (var forged in new[] { hostile.Sign(bundle, "hostile-mqtt-bridge", names => names.AddUri(uri)), hostile.Forge(intermediate, "hostile-mqtt-bridge", names => names.AddUri(uri)) })
        {
            using var client = new BridgeClient(_provider, forged);
            (await client.ConnectAsync("hostile.bridge")).ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        }

        using var nobody = new BridgeClient(_provider, certificate: null);
        (await nobody.ConnectAsync("hostile.bridge")).ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task Suspended_LiveSessionEnds_AndTheNextIsRefusedUntilResumed()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("unpaid", tenant);
        using var certificate = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        using var bridge = new BridgeClient(_provider, certificate);
        (await bridge.ConnectAsync("unpaid.bridge")).ShouldBe(MqttClientConnectResultCode.Success);
        var admin = await _provider.AdminAsync();

        ((int)(await admin.PostAsync("portal/admin/tenants/unpaid/suspend", new SuspendTenantRequest { Reason = "unpaid" }, ContractsJson.Default.SuspendTenantRequest)).Status).ShouldBe(204);

        (await bridge.Ended.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe(MqttClientDisconnectReason.AdministrativeAction);
        using var again = new BridgeClient(_provider, certificate);
        (await again.ConnectAsync("unpaid.bridge")).ShouldBe(MqttClientConnectResultCode.Banned);
        ((int)(await admin.PostAsync("portal/admin/tenants/unpaid/resume")).Status).ShouldBe(204);
        using var resumed = new BridgeClient(_provider, certificate);
        (await resumed.ConnectAsync("unpaid.bridge")).ShouldBe(MqttClientConnectResultCode.Success);
    }

    [SkippableFact]
    public async Task Revoked_LiveSessionEnds_AndTheNextIsRefused()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("revoked", tenant);
        using var certificate = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        using var bridge = new BridgeClient(_provider, certificate);
        (await bridge.ConnectAsync("revoked.bridge")).ShouldBe(MqttClientConnectResultCode.Success);

        ((int)(await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{RunningProvider.SerialOf(bundle.MqttBridgeCert)}/revoke", """{"reason":"stolen","reason_code":1}""")).Status).ShouldBe(204);

        await bridge.Ended.WaitAsync(TimeSpan.FromSeconds(10));
        using var again = new BridgeClient(_provider, certificate);
        (await again.ConnectAsync("revoked.bridge")).ShouldBe(MqttClientConnectResultCode.NotAuthorized);
    }

    [SkippableFact]
    public async Task OnHold_LiveSessionEnds_AndComesBackAfterTheRelease()
    {
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync("held", tenant);
        using var certificate = tenant.WithBridgeKey(bundle.MqttBridgeCert);
        using var bridge = new BridgeClient(_provider, certificate);
        (await bridge.ConnectAsync("held.bridge")).ShouldBe(MqttClientConnectResultCode.Success);

        ((int)(await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{RunningProvider.SerialOf(bundle.MqttBridgeCert)}/hold", "{}")).Status).ShouldBe(204);

        await bridge.Ended.WaitAsync(TimeSpan.FromSeconds(10));
        using var refused = new BridgeClient(_provider, certificate);
        (await refused.ConnectAsync("held.bridge")).ShouldBe(MqttClientConnectResultCode.NotAuthorized);
        ((int)(await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{RunningProvider.SerialOf(bundle.MqttBridgeCert)}/release", "{}")).Status).ShouldBe(204);
        using var again = new BridgeClient(_provider, certificate);
        (await again.ConnectAsync("held.bridge")).ShouldBe(MqttClientConnectResultCode.Success);
    }

    [SkippableTheory]
    [InlineData("mqttv311")]
    [InlineData("mqttv5")]
    [InlineData("mqttv5", false)]
    public async Task Mosquitto_WithTheBundlesFiles_Publishes(string version, bool negotiates = true)
    {
        var tenantId = $"own-{version}-{negotiates}".ToLowerInvariant();
        using var tenant = new TestTenant();
        var bundle = await _provider.ActivateAsync(tenantId, tenant);
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Combine("root_ca.crt"), bundle.RootCaCert);
        await File.WriteAllTextAsync(folder.Combine("mqtt-bridge.crt"), bundle.MqttBridgeCert);
        await File.WriteAllTextAsync(folder.Combine("mqtt-bridge.key"), tenant.Bridge.ExportPkcs8PrivateKeyPem());
        var url = new Uri(bundle.RabbitmqMqttUrl!);

        var publishing = Tools.RunAsync(Requires.Tool("mosquitto_pub"), [
            "-h", url.Host, "-p", $"{(negotiates ? url.Port : fixture.MqttPort)}", "-V", version, .. negotiates ? new[] { "--tls-alpn", "mqtt" } : [], "--cafile", folder.Combine("root_ca.crt"), "--cert", folder.Combine("mqtt-bridge.crt"),
            "--key", folder.Combine("mqtt-bridge.key"), "-i", tenantId + ".site", "-q", "1", "-t", "telemetry/d", "-m", """{"from":"mosquitto"}"""]);
        while (await Task.WhenAny(publishing, Task.Delay(10)) != publishing)
        {
            _provider.Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        (await publishing).ExitCode.ShouldBe(0, (await publishing).Error);
        (await ListAsync(tenantId)).Items.ShouldHaveSingleItem().DeviceId.ShouldBe("d");
    }

    private async Task<BridgeClient> ConnectedAsync(string tenantId, TestTenant tenant)
    {
        var bundle = await _provider.ActivateAsync(tenantId, tenant);
        var bridge = new BridgeClient(_provider, tenant.WithBridgeKey(bundle.MqttBridgeCert));
        (await bridge.ConnectAsync($"{tenantId}.bridge")).ShouldBe(MqttClientConnectResultCode.Success);
        return bridge;
    }

    private async Task<Page<TelemetryRecord>> ListAsync(string tenantId, string query = "") => (await (await _provider.AdminAsync()).GetAsync($"portal/admin/tenants/{tenantId}/telemetry{query}")).Read(TelemetryJson.Page);
}
