using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.RabbitMq;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>Which bridges are up, by a real broker: what is published, how often, and what an unreachable broker changes.</summary>
[Collection(SharedBroker.Name)]
public sealed class BridgePresenceTests : IAsyncLifetime
{
    private ProvisionerFixture _fixture = null!;
    private RabbitMqServer _broker = null!;

    public async Task InitializeAsync()
    {
        _fixture = await ProvisionerFixture.StartAsync();
        _broker = _fixture.Broker;
        await _fixture.Database.ExecuteAsync(
            "INSERT INTO provider.tenants (tenant_id, display_name, status, created_at) SELECT id, id, 'active', now() FROM unnest(ARRAY['acme', 'globex']) AS id");
    }

    public async Task DisposeAsync()
    {
        if (_fixture is null)
        {
            return;
        }

        await _fixture.Provisioner.RemoveTenantAsync("acme", default);
        await _fixture.DisposeAsync();
    }

    [SkippableFact]
    public async Task Bridge_ComesStaysThroughARestartAndIsKilled_IsPublishedOnceEach()
    {
        await using (await BridgeAsync())
        {
            await using (var poll = await BridgePoll.StartAsync(_fixture))
            {
                await poll.UntilAsync(() => IsUpAsync());
            }

            await using (var again = await BridgePoll.StartAsync(_fixture))
            {
                await again.UntilAsync(() => Task.FromResult(again.Looks > 1));
            }
        }

        await using (var poll = await BridgePoll.StartAsync(_fixture))
        {
            await poll.UntilAsync(async () => !await IsUpAsync());
        }

        (await ToldAsync()).ShouldBe("bridge.up acme, bridge.down acme");
    }

    [SkippableFact]
    public async Task Broker_RefusesTheLogin_NothingChangesAndOneWarningNamesTheSettings()
    {
        await LookerAsync("looks");
        await using var poll = await BridgePoll.StartAsync(_fixture, ("looker", "looks"));
        await using (await BridgeAsync())
        {
            await poll.UntilAsync(() => IsUpAsync());
            await LookerAsync("changed");
        }

        await poll.UntilAsync(() => Task.FromResult(poll.Warnings.Count > 0));
        var rounds = 0;
        await poll.UntilAsync(() => Task.FromResult(++rounds > 3));

        poll.Warnings.ShouldHaveSingleItem().ShouldContain("IOT_RABBITMQ_PASSWORD_FILE");
        (await ToldAsync()).ShouldBe("bridge.up acme");
        await LookerAsync("looks");
        await poll.UntilAsync(async () => !await IsUpAsync());
    }

    [SkippableFact]
    public async Task Broker_KilledAndBack_WarnsOnceAndKnowsAgainWhoIsThere()
    {
        await using var poll = await BridgePoll.StartAsync(_fixture);
        await using (await BridgeAsync())
        {
            await poll.UntilAsync(() => IsUpAsync());
            await _broker.KillAsync();
            await poll.UntilAsync(() => Task.FromResult(poll.Warnings.Count > 0));
        }

        (await ToldAsync()).ShouldBe("bridge.up acme");
        await _broker.StartAgainAsync();

        await poll.UntilAsync(async () => !await IsUpAsync());
        (await ToldAsync()).ShouldBe("bridge.up acme, bridge.down acme");
    }

    [SkippableFact]
    public async Task Reconcile_FromManyProcessesAtOnce_IsPublishedOnce()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ReconcileAsync(new("acme-mqtt-bridge", "acme"), new("acme-mqtt-bridge", "acme"), new("globex-mqtt-bridge", "globex"))));

        (await _fixture.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'bridge.up'")).ShouldBe(2);
        (await new AuditLog(_fixture.Database.DataSource).VerifyAsync(default)).Intact.ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Attack_OtherLoginsAndVhosts_AreNoBridge()
    {
        await ReconcileAsync(
            new("globex-mqtt-bridge", "acme"), new("acme-mqtt-bridge", "globex"), new("acme-mqtt-bridge", "platform"), new("iot-amqp", "acme"), new("acme", "acme"),
            new("nobody-mqtt-bridge", "nobody"), new("'; --", "'; --"), new("-mqtt-bridge", ""), new(null, "acme"), new("acme-mqtt-bridge", null), new(null, null));

        (await ToldAsync()).ShouldBe("");
    }

    private Task ReconcileAsync(params BrokerConnection[] connections) =>
        new BridgePresence(DataServices.CreateFactory(_fixture.Database.DataSource), TimeProvider.System, NullLogger<BridgePresence>.Instance).ReconcileAsync(connections, default);

    private async Task<MqttSubscription> BridgeAsync()
    {
        await _fixture.Provisioner.EnsureTenantAsync(BridgeAccess.For("acme"), default);
        // There is no provider to ask: this test's bridge gets in by the broker's own permissions.
        await _broker.AdminAsync(HttpMethod.Put, "permissions/acme/acme-mqtt-bridge", """{"configure":"^mqtt-subscription-.*","write":".*","read":".*"}""");
        using var mosquitto = new Mosquitto(_broker, _broker.Ca.Client("acme-mqtt-bridge"));
        var bridge = await mosquitto.SubscribeAsync("acme.bridge", "commands/#");
        bridge.Subscribed.ShouldBeTrue(bridge.Output);
        return bridge;
    }

    private Task LookerAsync(string password) => _broker.AdminAsync(HttpMethod.Put, "users/looker", $$"""{"password":"{{password}}","tags":"monitoring"}""");

    private Task<bool> IsUpAsync() => _fixture.Database.ScalarAsync<bool>("SELECT bridge_up_since IS NOT NULL FROM provider.tenants WHERE tenant_id = 'acme'");

    private Task<string?> ToldAsync() => _fixture.Database.ScalarAsync<string>("SELECT coalesce(string_agg(action || ' ' || subject, ', ' ORDER BY sequence), '') FROM audit.entries WHERE action LIKE 'bridge.%'");
}
