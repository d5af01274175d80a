using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Provider.Features.Events;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>The platform's events over a real RabbitMQ: what outsiders get, and what crashes on either side do.</summary>
[Collection(SharedPlatform.Name)]
public sealed class EventsTests(PlatformFixture platform) : IAsyncLifetime
{
    private readonly RabbitMqServer _broker = platform.Broker;
    private readonly ProviderStack _provider = platform.Provider;

    public Task InitializeAsync() => OutsideQueue.AdmitAsync(_broker);

    public Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public async Task Tenant_Prepared_ReachesAnOutsideQueueAsPlainJsonAndTheHistory()
    {
        await Waiting.UntilAsync(async () => await _broker.AdminAsync(HttpMethod.Get, "queues/platform/tenant-history") is not null);
        await _provider.PrepareAsync("warm-up");
        await HistoryAsync("warm-up", 1);
        var outside = new OutsideQueue(_broker, "outside");
        await outside.BindAsync("platform.event");

        await _provider.PrepareAsync("plain");

        var (message, body) = await outside.NextAsync(Of("plain"));
        body.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "id", "occurred_at", "sequence", "by", "tenant_id", "display_name"], ignoreOrder: true);
        body.GetProperty("type").GetString().ShouldBe("tenant.prepared");
        message.GetProperty("properties").GetProperty("message_id").GetString().ShouldBe(body.GetProperty("id").GetString());
        message.GetProperty("properties").GetProperty("delivery_mode").GetInt32().ShouldBe(2);
        (await HistoryAsync("plain", 1)).Single().Type.ShouldBe(TenantPrepared.Name);
    }

    [SkippableFact]
    public async Task Delivery_Repeated_HasOneEffect()
    {
        await _provider.PrepareAsync("repeated");
        var once = (await HistoryAsync("repeated", 1)).Single();

        for (var i = 0; i < 3; i++)
            await PublishAsync("tenant.prepared", once.Event.GetRawText());
        // What a tenant claims is no part of it.
        await PublishAsync("tenant.prepared", Anew(once).Replace("{", "{\"source\":\"repeated\",", StringComparison.Ordinal));
        await PublishAsync("tenant.prepared", Anew(once));

        (await HistoryAsync("repeated", 2)).Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Message_ThatIsNoEvent_GoesToTheErrorQueueAndHoldsUpNobody()
    {
        await _provider.PrepareAsync("before");
        await HistoryAsync("before", 1);

        await PublishAsync("tenant.prepared", "{\"no\":\"event\"}");
        await PublishAsync("tenant.prepared", "not even JSON");
        await _provider.PrepareAsync("behind");

        (await HistoryAsync("behind", 1)).ShouldHaveSingleItem();
        var errors = new OutsideQueue(_broker, "tenant-history_error");
        var poison = await errors.TakeAsync();
        (poison.GetRawText() + (await errors.TakeAsync()).GetRawText()).ShouldContain("MT-Fault-Message");
    }

    [SkippableFact]
    public async Task Provider_KilledBetweenCommitAndPublishing_TellsItOnceAfterTheRestart()
    {
        await _provider.PrepareAsync("warm");
        await HistoryAsync("warm", 1);
        await using (await HeldRelay.TakeAsync(_provider.Database))
        {
            await _provider.PrepareAsync("survives");
            await _provider.KillAsync();
            (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenant_events WHERE tenant_id = 'survives'")).ShouldBe(0);
        }

        await _provider.StartProcessAsync();

        (await HistoryAsync("survives", 1)).ShouldHaveSingleItem().Type.ShouldBe(TenantPrepared.Name);
    }

    [SkippableFact]
    public async Task Bridge_ComesAndGoesAroundAKillOfTheProvider_IsToldByTheNextStart()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "linked");
        using var mosquitto = tenant.Bridge(_broker);
        await HistoryAsync("linked", 1);
        var links = new OutsideQueue(_broker, "links");
        foreach (var exchange in new[] { "bridge.up", "bridge.down" })
            await links.BindAsync(exchange);
        await using (var bridge = await ConnectBeforeAKillAsync(mosquitto))
        {
            await _provider.StartProcessAsync();
            (await links.NextAsync(Of("linked"))).Body.GetProperty("type").GetString().ShouldBe(BridgeUp.Name);
            using var admin = await _provider.AdminAsync();
            (await admin.GetTenantAsync("linked")).BridgeUpSince.ShouldNotBeNull();
            (await admin.ListTenantsAsync(limit: 200)).Items.Single(t => t.TenantId == "linked").BridgeUpSince.ShouldNotBeNull();
            await _provider.KillAsync();
        }

        await _provider.StartProcessAsync();

        var (_, body) = await links.NextAsync(Of("linked"));
        body.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "id", "occurred_at", "sequence", "by", "tenant_id"], ignoreOrder: true);
        body.GetProperty("type").GetString().ShouldBe(BridgeDown.Name);
        await Waiting.UntilAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenant_events WHERE tenant_id = 'linked' AND type = 'bridge.down'") > 0);
        string[] expected = [BridgeDown.Name, BridgeUp.Name];
        (await HistoryAsync("linked", 2)).Where(e => e.Type.StartsWith("bridge.", StringComparison.Ordinal)).Select(e => e.Type).ShouldBe(expected);
    }

    [SkippableFact]
    public async Task PlatformsUser_InTheEventsVhost_MayTouchItsOwnNamesOnly()
    {
        await Waiting.UntilAsync(async () => await _broker.AdminAsync(HttpMethod.Get, "queues/platform/tenant-history") is not null);

        using var rights = JsonDocument.Parse((await _broker.AdminAsync(HttpMethod.Get, "permissions/platform/iot-amqp"))!);
        foreach (var right in new[] { "configure", "write", "read" })
            rights.RootElement.GetProperty(right).GetString().ShouldBe(EventVhost.Rights.Read);
        using var queue = JsonDocument.Parse((await _broker.AdminAsync(HttpMethod.Get, "queues/platform/tenant-history"))!);
        queue.RootElement.GetProperty("durable").GetBoolean().ShouldBeTrue();
        using var exchanges = JsonDocument.Parse((await _broker.AdminAsync(HttpMethod.Get, "exchanges/platform"))!);
        exchanges.RootElement.EnumerateArray().Where(e => e.GetProperty("name").GetString() is { Length: > 0 } name && !name.StartsWith("amq.", StringComparison.Ordinal))
            .ShouldAllBe(e => e.GetProperty("durable").GetBoolean());
    }

    /// <summary>Only a provider that runs lets a bridge in; it is killed before it could tell anyone.</summary>
    private async Task<MqttSubscription> ConnectBeforeAKillAsync(Mosquitto mosquitto)
    {
        await using var held = await HeldRelay.TakeAsync(_provider.Database);
        var bridge = await mosquitto.SubscribeAsync("linked.bridge", "commands/#");
        bridge.Subscribed.ShouldBeTrue(bridge.Output);
        await _provider.KillAsync();
        return bridge;
    }

    private async Task<IReadOnlyList<TenantEventView>> HistoryAsync(string tenantId, int count)
    {
        await Waiting.UntilAsync(async () => await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenant_events WHERE tenant_id = $1", tenantId) >= count);
        using var admin = await _provider.AdminAsync();
        return (await admin.ListTenantEventsAsync(tenantId)).Items;
    }

    private static Func<JsonElement, bool> Of(string tenantId) => body => body.GetProperty("tenant_id").GetString() == tenantId;

    private static string Anew(TenantEventView happened) => happened.Event.GetRawText().Replace(happened.Id.ToString(), Guid.NewGuid().ToString(), StringComparison.Ordinal);

    private Task<string?> PublishAsync(string exchange, string body) => _broker.AdminAsync(
        HttpMethod.Post, $"exchanges/platform/{exchange}/publish",
        $$$"""{"properties":{"content_type":"application/json","headers":{"MT-MessageType":"urn:message:IoTPlatform.Contracts.Events:TenantPrepared"}},"routing_key":"","payload":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(body))}}}","payload_encoding":"base64"}""");
}
