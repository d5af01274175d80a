using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>The connected devices, as rows and as published events.</summary>
public sealed class DevicePresenceTests : IAsyncLifetime
{
    private const int Many = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly FakeTime _time = new();
    private TestDatabase _database = null!;
    private DevicePresence _presence = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        _presence = new DevicePresence(DataServices.CreateFactory(_database.DataSource), _time);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Reconcile_TenThousandDevices_ChangesOnlyWhatDiffers()
    {
        await _database.ExecuteAsync("INSERT INTO tenant.devices (device_id, status, enrolled_at, enrolled_by) SELECT 'pump-' || i, 'enrolled', now(), 'test' FROM generate_series(1, $1) AS i", Many);
        var all = Enumerable.Range(1, Many).Select(i => $"pump-{i}").ToHashSet();
        var half = all.Take(Many / 2).ToHashSet();

        (await _presence.ReconcileAsync(all, default)).ShouldBe(Many);
        (await _presence.ReconcileAsync(all, default)).ShouldBe(0);
        (await _presence.ReconcileAsync(half, default)).ShouldBe(Many - half.Count);

        (await _database.ScalarAsync<long>("SELECT count(*) FROM tenant.device_presence WHERE online")).ShouldBe(half.Count);
        (await _database.ScalarAsync<long>("SELECT count(DISTINCT (event_id, sequence)) FROM tenant.device_presence")).ShouldBe(Many);
        var bus = new RecordingPublisher();
        await RelayAsync(bus, () => Task.FromResult(bus.Published.Count == Many));
        bus.Published.Select(e => e.Sequence).ShouldBeInOrder();
        bus.Published.OfType<DeviceOffline>().Count().ShouldBe(Many - half.Count);
    }

    [SkippableFact]
    public async Task Reconcile_FromManyAtOnce_ChangesEachDeviceOnce()
    {
        await AddAsync("pump-1", "pump-2");

        var changed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _presence.ReconcileAsync(new HashSet<string> { "pump-1", "pump-2" }, default)));

        changed.Sum().ShouldBe(2);
        (await _database.ScalarAsync<bool>("SELECT bool_and(since = $1) FROM tenant.device_presence", _time.GetUtcNow())).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Reconcile_OfTwoProcesses_LeavesEachOthersDevicesAlone_AndRepairsAfterADeadOne()
    {
        await AddAsync("pump-1", "pump-2");
        await using var first = new PresenceOwner(_database.DataSource);
        await using (var second = new PresenceOwner(_database.DataSource))
        {
            await RecordAsync(first, "pump-1");
            await RecordAsync(second, "pump-2");
            (await OnlineAsync()).ShouldBe("pump-1,pump-2");
            await RecordAsync(first);
            (await OnlineAsync()).ShouldBe("pump-2");
            // It moves: the first has not noticed its end yet.
            await RecordAsync(first, "pump-2");
            await RecordAsync(second, "pump-2");
            await RecordAsync(first);
            (await OnlineAsync()).ShouldBe("pump-2");
        }

        await RecordAsync(first);
        (await OnlineAsync()).ShouldBeNull();

        Task RecordAsync(PresenceOwner process, params string[] devices) => process.RunAsync((db, owner) => _presence.ReconcileAsync(db, devices.ToHashSet(), owner, default), default);

        Task<string?> OnlineAsync() => _database.ScalarAsync<string>("SELECT string_agg(device_id, ',' ORDER BY device_id) FROM tenant.device_presence WHERE online")!;
    }

    [SkippableFact]
    public async Task Attack_LoginsThatAreNoDevicesOfThisTenant_AreNotSeen()
    {
        await AddAsync("pump-1", "pump-2");
        var tenant = new JoinedTenant("acme", "iot.example");
        var devices = new ConnectedDevices(new DeviceAccess(tenant, DataServices.CreateFactory(_database.DataSource)), _presence);
        static string Login(string tenant, string device) => SpiffeId.Device(tenant, "iot.example", device);

        await devices.ReconcileAsync(
        [
            new(Login("acme", "pump-1"), "acme"), new(Login("acme", "pump-1"), "acme"), new(Login("globex", "pump-2"), "acme"), new(Login("acme", "pump-2"), "other"),
            new("pump-2", "acme"), new("iot-tenant", "acme"), new(Login("acme", "unknown"), "acme"), new("spiffe://acme.iot.example/device/pump-2\0", "acme"),
            new("spiffe://acme.iot.example/service/pump-2", "acme"), new(null, "acme"), new(Login("acme", "pump-2"), null),
        ], default);

        (await _database.ScalarAsync<string>("SELECT string_agg(device_id || online, ',') FROM tenant.device_presence")).ShouldBe("pump-1true");
    }

    [SkippableFact]
    public async Task Relay_ProviderIsAway_PublishesTheCurrentStateLater()
    {
        await AddAsync("pump-1", "pump-2");
        await _presence.ReconcileAsync(new HashSet<string> { "pump-1", "pump-2" }, default);
        var bus = new RecordingPublisher { Fails = true };

        await RelayAsync(bus, () => Task.FromResult(bus.Refused > 1));
        await _presence.ReconcileAsync(new HashSet<string> { "pump-2" }, default);
        bus.Fails = false;
        await RelayAsync(bus, async () => await _database.ScalarAsync<bool>("SELECT bool_and(told) FROM tenant.device_presence"));

        bus.Published.Select(e => $"{e.Type} {e.Scope} {e.By}").ShouldBe(["device.online pump-2 system", "device.offline pump-1 system"]);
    }

    [SkippableFact]
    public async Task Relay_WithoutSubscriber_SendsNothingAndKeepsNothingForLater()
    {
        await AddAsync("pump-1");
        await _presence.ReconcileAsync(new HashSet<string> { "pump-1" }, default);
        var bus = new RecordingPublisher { Subscribed = new HashSet<string> { DeviceOffline.Name } };

        await RelayAsync(bus, async () => await _database.ScalarAsync<bool>("SELECT bool_and(told) FROM tenant.device_presence"));
        await _presence.ReconcileAsync(new HashSet<string>(), default);
        await RelayAsync(bus, () => Task.FromResult(bus.Published.Count > 0));

        bus.Published.ShouldHaveSingleItem().ShouldBeOfType<DeviceOffline>();
    }

    [SkippableFact]
    public async Task Mark_ChangedMeanwhile_IsStillToBePublished()
    {
        await AddAsync("pump-1");
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        await _presence.ReconcileAsync(new HashSet<string> { "pump-1" }, default);
        await using var db = DataServices.Create(connection);
        var told = await DevicePresence.ReadUnpublishedAsync(db, 10, default);
        await _presence.ReconcileAsync(new HashSet<string>(), default);

        await DevicePresence.MarkPublishedAsync(db, told, default);

        (await DevicePresence.ReadUnpublishedAsync(db, 10, default)).ShouldHaveSingleItem().ShouldBeOfType<DeviceOffline>().Id.ShouldNotBe(told.Single().Id);
    }

    private async Task AddAsync(params string[] deviceIds)
    {
        foreach (var id in deviceIds)
        {
            await _database.AddDeviceAsync(id);
        }
    }

    private async Task RelayAsync(RecordingPublisher bus, Func<Task<bool>> until)
    {
        using var relay = new PresenceRelay(_database.DataSource, bus, _time, NullLogger<PresenceRelay>.Instance);
        await relay.StartAsync(default);
        using var patience = new CancellationTokenSource(Patience);
        while (!await until())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, CancellationToken.None);
        }

        await relay.StopAsync(default);
    }

    private sealed class RecordingPublisher : IEventPublisher
    {
        public List<PlatformEvent> Published { get; } = [];

        public bool Fails { get; set; }

        public int Refused { get; private set; }

        public bool IsReady => true;

        public IReadOnlySet<string> Subscribed { get; set; } = new HashSet<string> { DeviceOnline.Name, DeviceOffline.Name };

        public Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken) => Task.FromResult(Subscribed);

        public Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken)
        {
            if (Fails)
            {
                Refused++;
                throw new DependencyDownException("bus", "The provider is away.");
            }

            Published.AddRange(events);
            return Task.CompletedTask;
        }
    }
}
