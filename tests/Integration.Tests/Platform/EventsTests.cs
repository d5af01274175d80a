using System.Text.Json;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Provider.Features.Bus;
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
        await ExchangesAsync();
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
    public async Task Queue_BoundLater_GetsWhatHappensFromThenOn()
    {
        await ExchangesAsync();
        await _provider.PrepareAsync("before-the-queue");
        var late = new OutsideQueue(_broker, "late");
        await late.BindAsync("tenant.prepared");

        for (var i = 0; i < 5; i++)
        {
            await _provider.PrepareAsync($"late-{i}");
        }

        var arrived = new List<string>();
        while (arrived.Count < 5)
        {
            arrived.Add((await late.NextAsync(body => body.GetProperty("tenant_id").GetString()!.StartsWith("late-", StringComparison.Ordinal))).Body.GetProperty("tenant_id").GetString()!);
        }

        arrived.ShouldBe(Enumerable.Range(0, 5).Select(i => $"late-{i}"), ignoreOrder: true);
    }

    [SkippableFact]
    public async Task QueueOfAnEarlierVersion_IsRemovedAtTheNextStart()
    {
        foreach (var queue in new[] { "tenant-history", "tenant-history_error" })
        {
            await _broker.AdminAsync(HttpMethod.Put, $"queues/platform/{queue}", """{"durable":true}""");
        }

        await _broker.AdminAsync(HttpMethod.Put, "exchanges/platform/tenant-history", """{"type":"fanout","durable":true}""");
        await _provider.KillAsync();

        await _provider.StartProcessAsync();

        foreach (var former in new[] { "queues/platform/tenant-history", "queues/platform/tenant-history_error", "exchanges/platform/tenant-history" })
        {
            await Waiting.UntilAsync(async () => await _broker.AdminAsync(HttpMethod.Get, former) is null);
        }
    }

    [SkippableFact]
    public async Task Provider_KilledBetweenCommitAndPublishing_PublishesItOnceAfterTheRestart()
    {
        await ExchangesAsync();
        var survivors = new OutsideQueue(_broker, "survivors");
        await survivors.BindAsync("tenant.prepared");
        await using (await HeldRelay.TakeAsync(_provider.Database))
        {
            await _provider.PrepareAsync("survives");
            await _provider.KillAsync();
        }

        await _provider.StartProcessAsync();

        (await survivors.NextAsync(Of("survives"))).Body.GetProperty("type").GetString().ShouldBe(TenantPrepared.Name);
    }

    [SkippableFact]
    public async Task Bridge_ComesAndGoesAroundAKillOfTheProvider_IsPublishedByTheNextStart()
    {
        using var tenant = await JoinedTenant.JoinAsync(_provider, "linked");
        using var mosquitto = tenant.Bridge(_broker);
        await HistoryAsync("linked", 1);
        var links = new OutsideQueue(_broker, "links");
        foreach (var exchange in new[] { "bridge.up", "bridge.down" })
        {
            await links.BindAsync(exchange);
        }

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
        string[] expected = [BridgeDown.Name, BridgeUp.Name];
        (await HistoryAsync("linked", 2)).Where(e => e.Type.StartsWith("bridge.", StringComparison.Ordinal)).Select(e => e.Type).ShouldBe(expected);
    }

    [SkippableFact]
    public async Task PlatformsUser_InTheEventsVhost_MayTouchItsOwnNamesOnly()
    {
        await ExchangesAsync();

        using var rights = JsonDocument.Parse((await _broker.AdminAsync(HttpMethod.Get, "permissions/platform/iot-amqp"))!);
        foreach (var right in new[] { "configure", "write", "read" })
        {
            rights.RootElement.GetProperty(right).GetString().ShouldBe(BusVhost.Rights.Read);
        }

        using var exchanges = JsonDocument.Parse((await _broker.AdminAsync(HttpMethod.Get, "exchanges/platform"))!);
        exchanges.RootElement.EnumerateArray().Where(e => !e.GetProperty("durable").GetBoolean()).Select(e => e.GetProperty("name").GetString()!)
            .ShouldAllBe(name => name.StartsWith(BusVhost.Answers, StringComparison.Ordinal));
    }

    /// <summary>A bridge gets in only while the provider runs; it is killed before it could publish the event.</summary>
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
        using var admin = await _provider.AdminAsync();
        await Waiting.UntilAsync(async () => (await admin.ListTenantEventsAsync(tenantId)).Items.Count >= count);
        return (await admin.ListTenantEventsAsync(tenantId)).Items;
    }

    /// <summary>They are there before the first event: else no queue could be bound in time.</summary>
    private async Task ExchangesAsync()
    {
        foreach (var exchange in new[] { "tenant.prepared", "bridge.up", "device.online", "certificate.event", "platform.event" })
        {
            await Waiting.UntilAsync(async () => await _broker.AdminAsync(HttpMethod.Get, $"exchanges/platform/{exchange}") is not null);
        }
    }

    private static Func<JsonElement, bool> Of(string tenantId) => body => body.TryGetProperty("tenant_id", out var id) && id.GetString() == tenantId;
}
