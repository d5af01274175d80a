using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Startup;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Tests.Devices;

/// <summary>Devices that were never connected, among many that were.</summary>
public sealed class NeverSeenTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private DevicePresence Presence => new(DataServices.CreateFactory(_database.DataSource), TimeProvider.System);

    public async Task InitializeAsync() => _database = await TenantDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Device_IsSeenFromItsFirstConnectionOn_AndWhatComesLaterWritesNothing()
    {
        await AddAsync("pump-1", "pump-2");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Presence.ReconcileAsync(new HashSet<string> { "pump-1" }, default)));
        (await NeverSeenAsync()).ShouldBe(["pump-2"]);
        var written = await VersionAsync();
        await Presence.ReconcileAsync(new HashSet<string>(), default);
        await Presence.ReconcileAsync(new HashSet<string> { "pump-1" }, default);

        (await NeverSeenAsync()).ShouldBe(["pump-2"]);
        (await VersionAsync()).ShouldBe(written);

        Task<string?> VersionAsync() => _database.ScalarAsync<string>("SELECT xmin::text || ctid::text FROM tenant.devices WHERE device_id = 'pump-1'");
    }

    /// <summary>As when the process or the server is killed before the commit.</summary>
    [SkippableFact]
    public async Task Device_WhoseConnectionIsNotOnRecord_IsNotSeen()
    {
        await AddAsync("pump-1");
        await using (var connection = await _database.DataSource.OpenConnectionAsync())
        await using (await connection.BeginTransactionAsync())
        {
            await using var db = DataServices.Create(connection);
            (await Presence.ReconcileAsync(db, new HashSet<string> { "pump-1" }, owner: null, default)).ShouldBe(1);
        }

        (await NeverSeenAsync()).ShouldBe(["pump-1"]);
        (await Presence.ReconcileAsync(new HashSet<string> { "pump-1" }, default)).ShouldBe(1);
        (await NeverSeenAsync()).ShouldBeEmpty();
    }

    /// <summary>Those that were seen are not read: there may be a hundred thousand of them before the first that was not.</summary>
    [SkippableFact]
    public async Task NeverSeen_AreFoundAndCountedByTheirIndex()
    {
        await _database.ExecuteAsync(
            "INSERT INTO tenant.devices (device_id, device_type, status, enrolled_at, enrolled_by) SELECT 'pump-' || lpad(i::text, 5, '0'), 'type-' || i % 20, 'enrolled', now(), 'test' FROM generate_series(1, 10000) AS i");
        (await Presence.ReconcileAsync(Enumerable.Range(1, 9900).Select(i => $"pump-{i:D5}").ToHashSet(), default)).ShouldBe(9900);
        // In which order the update wrote the rows is the server's to choose, and decides what an index costs.
        await _database.ExecuteAsync("CLUSTER tenant.devices USING devices_pkey");
        await _database.ExecuteAsync("ANALYZE tenant.devices");
        await using var db = DataServices.CreateFactory(_database.DataSource).CreateDbContext();
        var found = new DeviceSearch { State = DeviceFilter.NeverSeen }.In(db, default, default);

        (await found.CountAsync()).ShouldBe(100);
        (await PlanAsync($"{found.OrderBy(d => d.DeviceId).ToQueryString()} LIMIT 51")).ShouldContain("Scan using devices_never_seen");
        (await PlanAsync($"SELECT count(*) FROM ({found.ToQueryString()}) AS found")).ShouldContain("devices_never_seen");
    }

    [SkippableFact]
    public async Task Devices_OfADatabaseFromBefore_AreSeenAsTheyWere()
    {
        await using var former = await PostgresServer.CreateEmptyDatabaseAsync();
        await Migrations.ApplyAsync(former.DataSource);
        // Stops the migrations there: those before it are applied.
        await former.ExecuteAsync("INSERT INTO platform.migrations (owner, number, name, checksum) VALUES ('IoTPlatform.Tenant', 77, 'later', 'later')");
        await Should.ThrowAsync<StartupException>(() => MigrateAsync());
        await former.ExecuteAsync("DELETE FROM platform.migrations WHERE number = 77 AND owner = 'IoTPlatform.Tenant'");
        await former.AddDeviceAsync("seen");
        await former.AddDeviceAsync("unseen");
        await former.ExecuteAsync("INSERT INTO tenant.device_presence (device_id, online, since, event_id, sequence, told) VALUES ('seen', false, now(), gen_random_uuid(), 1, true)");

        await MigrateAsync();

        (await former.ScalarAsync<string>("SELECT string_agg(device_id || seen, ',' ORDER BY device_id) FROM tenant.devices")).ShouldBe("seentrue,unseenfalse");

        Task MigrateAsync() => Migrations.ApplyAsync(former.DataSource, typeof(Authority).Assembly, typeof(TenantHost).Assembly);
    }

    private async Task AddAsync(params string[] deviceIds)
    {
        foreach (var id in deviceIds)
        {
            await _database.AddDeviceAsync(id);
        }
    }

    private async Task<IReadOnlyList<string>> NeverSeenAsync()
    {
        await using var db = DataServices.CreateFactory(_database.DataSource).CreateDbContext();
        return await new DeviceSearch { State = DeviceFilter.NeverSeen }.In(db, default, default).Select(d => d.DeviceId).Order().ToListAsync();
    }

    private async Task<string> PlanAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand("EXPLAIN " + sql);
        await using var rows = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await rows.ReadAsync())
        {
            plan.Add(rows.GetString(0));
        }

        return string.Join('\n', plan);
    }
}
