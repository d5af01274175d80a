using System.Text.Json;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Tenant.Tests.Commands;

public sealed class CommandExpiryTests : IAsyncLifetime
{
    private readonly FakeTime _time = new(TimeProvider.System.GetUtcNow());
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        await _database.AddDeviceAsync("d");
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Run_TimeIsOver_GivesUpWhatIsNotAnswered_Audited()
    {
        await AddAsync("queued", TimeSpan.FromMinutes(1));
        await AddAsync("delivered", TimeSpan.FromMinutes(1));
        await AddAsync("delivered", TimeSpan.FromMinutes(3));
        await AddAsync("answered", TimeSpan.FromMinutes(1));
        var expiry = Expiry();
        await expiry.RunAsync(default);
        (await StatesAsync()).ShouldBe("queued delivered delivered answered");
        _time.Advance(TimeSpan.FromMinutes(2));
        await expiry.RunAsync(default);
        await expiry.RunAsync(default);
        (await StatesAsync()).ShouldBe("expired expired delivered answered");
        (await _database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = $1 AND subject = 'd'", CommandAudit.ActionOf(CommandState.Expired))).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Run_EndedLongAgo_IsForgotten()
    {
        await AddAsync("queued", TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(2));
        await Expiry().RunAsync(default);
        _time.Advance(TimeSpan.FromDays(89));
        await Expiry().RunAsync(default);
        (await StatesAsync()).ShouldBe("expired");
        _time.Advance(TimeSpan.FromDays(2));
        await Expiry().RunAsync(default);
        (await _database.ScalarAsync<long>("SELECT count(*) FROM tenant.device_commands")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Queued_ManyOfADevice_AreReadInOrder_AndNotAllAtOnce()
    {
        await _database.AddDeviceAsync("e");
        for (var i = 0; i < 20; i++)
        {
            await AddAsync("queued", TimeSpan.FromMinutes(1));
        }

        await AddAsync("queued", TimeSpan.FromMinutes(1), device: "e");
        await AddAsync("queued", TimeSpan.FromMinutes(-1), device: "e");
        var queued = new QueuedCommands(DataServices.CreateFactory(_database.DataSource), _time);
        var read = await queued.ReadAsync(["d", "e", "other"], default);
        var ofD = read.Where(c => c.DeviceId == "d").ToList();
        (ofD.Count, ofD[^1].MayHaveMore, ofD[0].MayHaveMore).ShouldBe((16, true, false));
        ofD.Select(c => c.Id).ShouldBeInOrder();
        read.Where(c => c.DeviceId == "e").Select(c => c.MayHaveMore).ShouldBe([false]);
    }

    /// <summary>More devices than are looked for at once: each has its turn.</summary>
    [SkippableFact]
    public async Task Queued_ForManyDevices_AreLookedForByTurns()
    {
        await _database.ExecuteAsync(
            "INSERT INTO tenant.devices (device_id, status, enrolled_at, enrolled_by) SELECT 'many-' || i, 'enrolled', now(), 'test' FROM generate_series(1, $1) AS i", QueuedCommands.MostDevices + 5);
        await _database.ExecuteAsync(
            """
            INSERT INTO tenant.device_commands (device_id, name, payload, state, created_at, created_by, expires_at)
            SELECT device_id, 'x', '{}', 'queued', now(), 'admin', $1 FROM tenant.devices, generate_series(1, 2) WHERE device_id LIKE 'many-%'
            """, _time.GetUtcNow() + TimeSpan.FromMinutes(1));
        var queued = new QueuedCommands(DataServices.CreateFactory(_database.DataSource), _time);

        var first = await queued.WaitingAsync("", online: false, default);
        var second = await queued.WaitingAsync(first[^1], online: false, default);

        (first.Length, second.Length).ShouldBe((QueuedCommands.MostDevices, 5));
        first.Concat(second).Distinct().Count().ShouldBe(QueuedCommands.MostDevices + 5);
        (await queued.WaitingAsync(["many-7", "d"], online: false, default)).ShouldBe(["many-7"]);
    }

    private CommandExpiry Expiry() => new(DataServices.CreateFactory(_database.DataSource), _time, NullLogger<CommandExpiry>.Instance);

    private Task AddAsync(string state, TimeSpan left, string device = "d") => _database.ExecuteAsync(
        "INSERT INTO tenant.device_commands (device_id, name, payload, state, created_at, created_by, expires_at) VALUES ($1, 'x', '{}', $2, now(), 'admin', $3)",
        device, state, _time.GetUtcNow() + left);

    private Task<string> StatesAsync() => _database.ScalarAsync<string>("SELECT string_agg(state, ' ' ORDER BY id) FROM tenant.device_commands")!;
}
