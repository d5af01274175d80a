using IoTPlatform.EndToEnd.Tests.Crash;
using IoTPlatform.Stacks;
using Npgsql;

namespace IoTPlatform.EndToEnd.Tests.Faults;

public sealed class TenantFaultTests
{
    private const string DeviceId = "pump-1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Refused and not lost: what was acknowledged is stored, and what was not is when there is room again.</summary>
    [SkippableFact]
    public async Task Publish_DiskFull_IsNotAcknowledgedAndGoesOnOnceThereIsRoom()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = new TenantStack(provider, database: null, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await using var disk = await SmallDisk.MountAsync(tenant.Data, megabytes: 256);
        tenant.Launch();
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var enrolled = await EnrolledDevice.EnrollAsync(tenant, admin, DeviceId);
        await using var device = new TirelessDevice(DeviceBroker.Of(tenant, DeviceId), enrolled, DeviceId);
        device.Start();
        await UntilAsync(() => device.Acknowledged > 100);

        disk.Fill();
        await UntilAsync(() => device.Lost > 0);
        disk.Free();
        var full = device.Acknowledged;
        await UntilAsync(() => device.Acknowledged > full + 100);

        var sent = await device.FinishAsync();
        await using var database = NpgsqlDataSource.Create($"Host={Path.Combine(tenant.Data, "postgres", "socket")};Username=platform;Database=tenant;Pooling=false");
        await using var count = database.CreateCommand("SELECT count(*) FROM tenant.telemetry");
        (await count.ExecuteScalarAsync()).ShouldBe((long)sent);
        await using var distinct = database.CreateCommand("SELECT count(DISTINCT payload ->> 'n') FROM tenant.telemetry");
        (await distinct.ExecuteScalarAsync()).ShouldBe((long)sent);
        tenant.Process.Terminate();
        await tenant.Process.WaitForExitAsync();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
