using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.Embedded;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class EmbeddedBrokerProvisionerTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private EmbeddedBrokerProvisioner _broker = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(Program).Assembly);
        _broker = new EmbeddedBrokerProvisioner(
            DataServices.CreateFactory(_database.DataSource), new BridgeSessions(new MqttSessions([], TimeProvider.System, NullLogger<MqttSessions>.Instance)), TimeProvider.System);
    }

    [SkippableFact]
    public async Task Ensure_Twice_IsWhatWasAskedFor()
    {
        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);
        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);

        await AssertAsExpectedAsync("acme");
    }

    [SkippableFact]
    public async Task Ensure_AnAdminWidenedTheRights_NarrowsThemAgain()
    {
        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);
        await _database.ExecuteAsync("INSERT INTO provider.broker_topic_permissions VALUES ('acme-mqtt-bridge', 'subscribe', '#')");
        await _database.ExecuteAsync("INSERT INTO provider.broker_logins VALUES ('backdoor', 'acme', '', true, true, true)");
        await _database.ExecuteAsync("UPDATE provider.broker_logins SET may_retain = true, client_id_prefix = ''");

        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);

        await AssertAsExpectedAsync("acme");
        (await _database.ScalarAsync<long>("SELECT count(*) FROM provider.broker_logins")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Compare_AfterAnAdminsHand_NamesWhatIsDifferent()
    {
        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);
        await _database.ExecuteAsync("UPDATE provider.broker_logins SET may_retain = true");

        (await _broker.CompareAsync(BridgeAccess.For("acme"), CancellationToken.None)).Single().What.ShouldBe("permissions of acme");
        (await _broker.CompareAsync(BridgeAccess.For("globex"), CancellationToken.None)).Single().What.ShouldBe("namespace globex");
    }

    [SkippableFact]
    public async Task Ensure_Suspended_IsRememberedAndTakenBack()
    {
        await _broker.EnsureTenantAsync(BridgeAccess.For("acme") with { Suspended = true }, CancellationToken.None);
        (await _broker.InspectAsync("acme", CancellationToken.None)).ShouldNotBeNull().Suspended.ShouldBeTrue();

        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);

        await AssertAsExpectedAsync("acme");
    }

    [SkippableFact]
    public async Task Remove_OneTenant_LeavesTheOthers()
    {
        await _broker.EnsureTenantAsync(BridgeAccess.For("acme"), CancellationToken.None);
        await _broker.EnsureTenantAsync(BridgeAccess.For("globex"), CancellationToken.None);

        await _broker.RemoveTenantAsync("acme", CancellationToken.None);
        await _broker.RemoveTenantAsync("acme", CancellationToken.None);

        (await _broker.InspectAsync("acme", CancellationToken.None)).ShouldBeNull();
        await AssertAsExpectedAsync("globex");
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private async Task AssertAsExpectedAsync(string tenantId)
    {
        var actual = (await _broker.InspectAsync(tenantId, CancellationToken.None)).ShouldNotBeNull();
        var expected = BridgeAccess.For(tenantId);
        actual.PublishFilters.ShouldBe(expected.PublishFilters);
        actual.SubscribeFilters.ShouldBe(expected.SubscribeFilters);
        (actual with { PublishFilters = expected.PublishFilters, SubscribeFilters = expected.SubscribeFilters }).ShouldBe(expected);
    }
}
