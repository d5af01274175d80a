using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Telemetry from a device's request to the provider's row, through a real tenant, RabbitMQ and provider, each of which is killed meanwhile.</summary>
[Collection(SharedPlatform.Name)]
public sealed class UplinkTests(UplinkTests.Fixture fixture) : IClassFixture<UplinkTests.Fixture>
{
    private const string Tenant = "uplink";
    private const int Many = 600;
    private const int AtOnce = 24;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly PlatformFixture _platform = fixture.Platform;

    [SkippableFact]
    public async Task Reading_OfADevice_ReachesTheProviderInTheTenantsName()
    {
        using var device = await fixture.EnrollAsync("pump.1");

        await device.PublishTelemetryAsync("pump.1", Json("""{"t":21.5}"""));
        await device.PublishTelemetryAsync("pump.1", Json("""{"timestamp":"2026-11-21T13:00:00+01:00","t":22}""".Replace("2026-11-21T13", TimeProvider.System.GetUtcNow().AddHours(-1).ToString("yyyy-MM-ddTHH"), StringComparison.Ordinal)));

        using var admin = await _platform.Provider.AdminAsync();
        await Waiting.UntilAsync(async () => (await admin.ListTelemetryAsync(Tenant, "pump.1")).Items.Count == 2, Patience);
        var here = (await fixture.Admin.ListTelemetryAsync("pump.1")).Items;
        var there = (await admin.ListTelemetryAsync(Tenant, "pump.1")).Items;
        there.Select(item => (item.Topic, item.SentAt, T: item.Payload.GetProperty("t").GetDouble())).ShouldBe(here.Select(item => (item.Topic, item.SentAt, T: item.Payload.GetProperty("t").GetDouble())));
    }

    [SkippableTheory]
    [InlineData("tenant")]
    [InlineData("provider")]
    [InlineData("broker")]
    public async Task Killed_InTheMiddle_NothingAcknowledgedIsLostAndNothingIsStoredTwice(string victim)
    {
        var deviceId = $"killed-{victim}";
        var device = await fixture.EnrollAsync(deviceId);
        var acknowledged = 0;
        var publishing = Parallel.ForEachAsync(Enumerable.Range(0, Many), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
        {
            await PublishAsync(device, deviceId, Json($$"""{"n":{{i}},"timestamp":"{{TimeProvider.System.GetUtcNow():O}}"}"""));
            Interlocked.Increment(ref acknowledged);
        });
        await Waiting.UntilAsync(async () => await CountAsync(deviceId) > Many / 10, Patience);

        await KillAsync(victim);
        await publishing;
        await Waiting.UntilAsync(async () => await CountAsync(deviceId) >= Many && (await fixture.UplinkAsync()).Waiting == 0, Patience);

        acknowledged.ShouldBe(Many);
        (await CountAsync(deviceId)).ShouldBe(Many);
        (await _platform.Provider.Database.ScalarAsync<long>("SELECT count(DISTINCT payload->>'n') FROM provider.telemetry WHERE device_id = $1", deviceId)).ShouldBe(Many);
    }

    [SkippableFact]
    public async Task Resend_AfterTheProviderLostRows_StoresWhatItLacksAndNothingTwice()
    {
        using var device = await fixture.EnrollAsync("restored");
        var before = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 20; i++)
        {
            await device.PublishTelemetryAsync("restored", Json("""{"same":1}"""));
        }

        await Waiting.UntilAsync(async () => await CountAsync("restored") == 20, Patience);
        await _platform.Provider.Database.ExecuteAsync("DELETE FROM provider.telemetry WHERE device_id = 'restored' AND sent_at IN (SELECT sent_at FROM provider.telemetry WHERE device_id = 'restored' LIMIT 7)");

        (await CountAsync("restored")).ShouldBe(13);

        await fixture.Admin.ResendAsync(before);

        await Waiting.UntilAsync(async () => await CountAsync("restored") == 20 && (await fixture.UplinkAsync()).Waiting == 0, Patience);
        (await CountAsync("restored")).ShouldBe(20);
    }

    [SkippableFact]
    public async Task Command_OfTheProvider_GoesDownOverRabbitMq_AndTheTenantReports()
    {
        using var device = await fixture.EnrollAsync("obedient");
        using var admin = await _platform.Provider.AdminAsync();

        var unknown = await admin.SendCommandAsync(Tenant, "stranger", new SendCommandRequest { Name = "reboot" });
        var waiting = await admin.SendCommandAsync(Tenant, "obedient", new SendCommandRequest { Name = "reboot" });

        await Waiting.UntilAsync(async () => (await admin.GetCommandAsync(Tenant, "stranger", unknown.Id)).EndedAt is not null, Patience);
        var refused = await admin.GetCommandAsync(Tenant, "stranger", unknown.Id);
        (refused.State, refused.Reason).ShouldBe((CommandState.Refused, "device_unknown"));
        await Waiting.UntilAsync(async () => (await admin.GetCommandAsync(Tenant, "obedient", waiting.Id)).TakenAt is not null, Patience);
        var command = (await fixture.Admin.ListCommandsAsync("obedient")).Items.ShouldHaveSingleItem();
        command.State.ShouldBe(CommandState.Queued);
        command.CreatedBy.ShouldStartWith("provider:operator:");
        await fixture.Admin.CancelCommandAsync("obedient", command.Id);
        await Waiting.UntilAsync(async () => (await admin.GetCommandAsync(Tenant, "obedient", waiting.Id)).State == CommandState.Cancelled, Patience);
    }

    private Task<long> CountAsync(string deviceId) =>
        _platform.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry WHERE tenant_id = $1 AND device_id = $2", Tenant, deviceId);

    /// <summary>As a device does: the same message again until it is acknowledged.</summary>
    private static async Task PublishAsync(TenantClient device, string deviceId, JsonElement payload)
    {
        while (true)
        {
            try
            {
                await device.PublishTelemetryAsync(deviceId, payload);
                return;
            }
            catch (Exception e) when (e is UnreachableException or ApiException { Status: >= 500 })
            {
                await Task.Delay(100);
            }
        }
    }

    private async Task KillAsync(string victim)
    {
        switch (victim)
        {
            case "tenant":
                await fixture.Stack.KillAsync();
                fixture.Stack.Launch();
                await fixture.Stack.ReadyAsync();
                break;
            case "provider":
                await _platform.Provider.KillAsync();
                await _platform.Provider.StartProcessAsync();
                break;
            default:
                await _platform.Broker.KillAsync();
                await _platform.Broker.StartAgainAsync();
                break;
        }
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    public sealed class Fixture(PlatformFixture platform) : IAsyncLifetime
    {
        public PlatformFixture Platform { get; } = platform;

        internal TenantStack Stack { get; private set; } = null!;

        internal TenantClient Admin { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Stack = await TenantStack.LaunchAsync(Platform.Provider, Tenant, (await Platform.Provider.PrepareAsync(Tenant)).JoinKey, new Dictionary<string, string?> { ["IOT_PROVIDER_COMMANDS"] = "allow" });
            await Stack.ReadyAsync();
            Admin = await Stack.AdminAsync();
        }

        public async Task DisposeAsync()
        {
            Admin?.Dispose();
            if (Stack is not null)
            {
                await Stack.DisposeAsync();
            }
        }

        internal async Task<TenantClient> EnrollAsync(string deviceId)
        {
            using var device = await EnrolledDevice.EnrollAsync(Stack, Admin, deviceId);
            return device.Client();
        }

        internal Task<Contracts.Telemetry.UplinkStatus> UplinkAsync() => Admin.GetUplinkAsync();
    }
}
