using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Two provider processes on one RabbitMQ and one PostgreSQL, one of which is killed in the middle of a JOIN.</summary>
[Collection(SharedPlatform.Name)]
public sealed class TwoProvidersTests(PlatformFixture platform) : IAsyncLifetime
{
    private const string SecondName = "second-provider";

    /// <summary>The lock around the mapping: holding it stops a JOIN between granting permissions and adding the mapping.</summary>
    private const long MappingLock = 0x696f742d76686f73;

    /// <summary>Far below the interval of the sweep, and above what the broker takes to notice a dead consumer.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly ProviderStack _first = platform.Provider;
    private ProviderStack _second = null!;

    public async Task InitializeAsync()
    {
        _second = await _first.StartBesideAsync(SecondName, "IOT_RABBITMQ_TLS_FOLDER");
        await Waiting.UntilAsync(async () => await ConsumersAsync() == 2);
    }

    public async Task DisposeAsync() => await _second.DisposeAsync();

    [SkippableFact]
    public async Task Join_WorkerKilledInTheMiddle_AnotherProcessDoesItAndTheCallIsAnswered()
    {
        using var tenant = new JoinedTenant();
        var (tenantId, call) = await JoinHeldByAsync("other", tenant, worker: SecondName, _second.KillAsync);

        await call.WaitAsync(Soon);

        tenant.Bundle.TenantId.ShouldBe(tenantId);
        await AssertOnceAsync(tenantId);
    }

    [SkippableFact]
    public async Task Join_ProcessKilledThatWorksAndIsAsked_AnotherCompletesItByItself()
    {
        using var tenant = new JoinedTenant();
        var (tenantId, call) = await JoinHeldByAsync("alone", tenant, worker: null, _first.KillAsync);
        await Should.ThrowAsync<UnreachableException>(() => call);

        await Waiting.UntilAsync(async () => await StatusAsync(tenantId) == "joined", Soon);

        await AssertOnceAsync(tenantId);
        await _first.StartProcessAsync();
    }

    [SkippableFact]
    public async Task Join_DependencyDown_TheBrokerWakesItInAnotherProcess()
    {
        using var tenant = new JoinedTenant();
        var prepared = await PrepareAsync("later");
        await using (await HoldAsync())
        {
            // The step's time is over before the lock is free.
            (await Should.ThrowAsync<ApiException>(() => tenant.JoinWithAsync(_second, prepared.JoinKey))).Status.ShouldBe(503);
            (await platform.Broker.AdminAsync(HttpMethod.Get, "queues/platform/workflow-retry-5s")).ShouldNotBeNull();
            // Whatever this process had planned is gone with it.
            await _second.KillAsync();
        }

        await Waiting.UntilAsync(async () => await StatusAsync("later") == "joined", Soon);

        await AssertOnceAsync("later");
    }

    /// <summary>A call to the first process whose work is in the middle, in that process, when it is killed. The broker takes turns, so the next tenant or the one after it is with the right one.</summary>
    /// <param name="kind">Of tenant.</param>
    /// <param name="tenant">Its keys, for the tenant that counts.</param>
    /// <param name="worker">Name of its connections; null: the first process.</param>
    /// <param name="kill">What happens then.</param>
    private async Task<(string TenantId, Task Call)> JoinHeldByAsync(string kind, JoinedTenant tenant, string? worker, Func<Task> kill)
    {
        for (var i = 0; i < 8; i++)
        {
            var prepared = await PrepareAsync($"{kind}-{i}");
            await using var held = await HoldAsync();
            var call = tenant.JoinWithAsync(_first, prepared.JoinKey);
            if (await WorkerAsync() == SecondName == (worker == SecondName))
            {
                await kill();
                return (prepared.TenantId, call);
            }

            await held.DisposeAsync();
            await call;
        }

        throw new InvalidOperationException("the broker gave that process no work");
    }

    /// <summary>Prepared, and nothing of it is to be done at the broker any more.</summary>
    private async Task<PreparedTenant> PrepareAsync(string tenantId)
    {
        var prepared = await _first.PrepareAsync(tenantId);
        await Waiting.UntilAsync(async () => await _first.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenants WHERE broker_due_at IS NOT NULL") == 0);
        return prepared;
    }

    private async Task<HeldLock> HoldAsync()
    {
        var connection = await _first.Database.DataSource.OpenConnectionAsync();
        await using var take = new NpgsqlCommand($"SELECT pg_advisory_lock({MappingLock})", connection);
        await take.ExecuteNonQueryAsync();
        return new HeldLock(connection);
    }

    private async Task<string> WorkerAsync()
    {
        string? name = "";
        await Waiting.UntilAsync(async () =>
        {
            name = await _first.Database.ScalarAsync<string>(
                $"SELECT coalesce((SELECT 'name:' || a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND NOT l.granted AND a.datname = current_database() AND (l.classid::bigint << 32 | l.objid::bigint) = {MappingLock} LIMIT 1), '')");
            return name!.Length > 0;
        });
        return name!["name:".Length..];
    }

    private Task<string?> StatusAsync(string tenantId) => _first.Database.ScalarAsync<string>("SELECT status FROM provider.tenants WHERE tenant_id = $1", tenantId);

    private async Task AssertOnceAsync(string tenantId)
    {
        foreach (var profile in new[] { "tenant-sub-ca", "mqtt-bridge" })
        {
            (await _first.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE tenant = $1 AND profile = $2", tenantId, profile)).ShouldBe(1, profile);
        }

        (await _first.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = $1 AND action = 'tenant.joined'", tenantId)).ShouldBe(1);
    }

    private async Task<int> ConsumersAsync()
    {
        var queue = await platform.Broker.AdminAsync(HttpMethod.Get, "consumers/platform");
        return queue is null ? 0 : JsonElement.Parse(queue).EnumerateArray().Count(c => c.GetProperty("queue").GetProperty("name").GetString() == "workflow");
    }

    private sealed class HeldLock(NpgsqlConnection connection) : IAsyncDisposable
    {
        private bool _isReleased;

        public async ValueTask DisposeAsync()
        {
            if (_isReleased)
            {
                return;
            }

            _isReleased = true;
            // Closing alone returns the connection, and the lock, to the pool.
            await using (var release = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", connection))
            {
                await release.ExecuteNonQueryAsync();
            }

            await connection.DisposeAsync();
        }
    }
}
