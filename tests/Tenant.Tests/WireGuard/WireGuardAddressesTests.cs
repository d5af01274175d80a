using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.WireGuard;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Tests.WireGuard;

public sealed class WireGuardAddressesTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2030, 1, 15, 12, 0, 0, TimeSpan.Zero);
    private TestDatabase _database = null!;
    private IDbContextFactory<TenantDbContext> _databases = null!;

    public async Task InitializeAsync()
    {
        _database = await TenantDatabase.CreateAsync();
        _databases = DataServices.CreateFactory(_database.DataSource);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [SkippableFact]
    public async Task Assign_64DevicesAtOnce_EveryAddressIsDifferent()
    {
        var devices = Enumerable.Range(0, 64).Select(i => $"pump-{i}").ToList();
        foreach (var device in devices)
        {
            await _database.AddDeviceAsync(device);
        }

        var addresses = await Task.WhenAll(devices.Select(device => AssignAsync("10.64.0.0/24", device)));

        addresses.Distinct().Count().ShouldBe(64);
        addresses.ShouldAllBe(a => a.GetAddressBytes()[3] >= 2);
        addresses.Select(a => (int)a.GetAddressBytes()[3]).Order().ShouldBe(Enumerable.Range(2, 64));
    }

    [SkippableFact]
    public async Task Assign_SameDeviceAgain_KeepsAddressAndTakesNewKey()
    {
        await _database.AddDeviceAsync("pump-1");
        var first = await AssignAsync("10.64.0.0/24", "pump-1", Key(1));

        var second = await AssignAsync("10.64.0.0/24", "pump-1", Key(2));

        second.ShouldBe(first);
        (await _database.ScalarAsync<string>("SELECT public_key FROM tenant.wireguard_peers")).ShouldBe(Key(2));
    }

    [SkippableFact]
    public async Task Assign_SubnetUsedUp_IsRefusedAndServerAndBroadcastAreNeverGiven()
    {
        foreach (var device in (string[])["a", "b", "c", "d", "e", "f"])
        {
            await _database.AddDeviceAsync(device);
        }

        var given = new List<IPAddress>();
        foreach (var device in (string[])["a", "b", "c", "d", "e"])
        {
            given.Add(await AssignAsync("10.9.0.8/29", device));
        }

        given.Select(a => a.ToString()).ShouldBe(["10.9.0.10", "10.9.0.11", "10.9.0.12", "10.9.0.13", "10.9.0.14"]);
        var refused = await Should.ThrowAsync<ProblemException>(() => AssignAsync("10.9.0.8/29", "f"));
        refused.Code.ShouldBe("wireguard_subnet_full");
    }

    [SkippableFact]
    public async Task Assign_AfterRelease_NeverUsedAddressesComeFirst()
    {
        await _database.AddDeviceAsync("a");
        await _database.AddDeviceAsync("b");
        var released = await AssignAsync("10.9.0.0/29", "a");
        await ReleaseAsync("a", Now);

        (await AssignAsync("10.9.0.0/29", "b", now: Now.AddYears(1))).ShouldNotBe(released);
    }

    [SkippableFact]
    public async Task Assign_OnlyReleasedAddressesLeft_ReusesTheOldestAfterQuarantineOnly()
    {
        foreach (var device in (string[])["a", "b", "c"])
        {
            await _database.AddDeviceAsync(device);
        }

        var released = await AssignAsync("10.9.0.0/30", "a");
        await ReleaseAsync("a", Now);

        var tooEarly = await Should.ThrowAsync<ProblemException>(() => AssignAsync("10.9.0.0/30", "b", now: Now + WireGuardAddresses.Quarantine - TimeSpan.FromSeconds(1)));
        tooEarly.Code.ShouldBe("wireguard_subnet_full");
        (await AssignAsync("10.9.0.0/30", "b", now: Now + WireGuardAddresses.Quarantine)).ShouldBe(released);
        await Should.ThrowAsync<ProblemException>(() => AssignAsync("10.9.0.0/30", "c", now: Now + WireGuardAddresses.Quarantine));
    }

    [SkippableFact]
    public async Task Assign_ReleasedAddressesAtOnce_EachIsReusedOnce()
    {
        var devices = Enumerable.Range(0, 26).Select(i => $"d{i}").ToList();
        foreach (var device in devices)
        {
            await _database.AddDeviceAsync(device);
        }

        foreach (var device in devices[..13])
        {
            await AssignAsync("10.9.1.0/28", device);
        }

        foreach (var device in devices[..13])
        {
            await ReleaseAsync(device, Now);
        }

        var again = await Task.WhenAll(devices[13..].Select(d => AssignAsync("10.9.1.0/28", d, now: Now.AddDays(8))));

        again.Distinct().Count().ShouldBe(13);
    }

    [SkippableFact]
    public async Task Assign_OverlappingSubnetConfiguredLater_SkipsAddressesInUse()
    {
        foreach (var device in (string[])["a", "b"])
        {
            await _database.AddDeviceAsync(device);
        }

        var first = await AssignAsync("10.9.0.0/30", "a");

        (await AssignAsync("10.9.0.0/24", "b")).ShouldNotBe(first);
    }

    [SkippableFact]
    public async Task Assign_RolledBack_AddressIsNotLost()
    {
        await _database.AddDeviceAsync("a");
        await using (var db = await _databases.CreateDbContextAsync())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await Addresses("10.9.0.0/30").AssignAsync(db, "a", Key(1), Now, CancellationToken.None);
        }

        (await AssignAsync("10.9.0.0/30", "a")).ToString().ShouldBe("10.9.0.2");
    }

    private static WireGuardAddresses Addresses(string subnet) => new(Options.Create(wireGuardSubnet: subnet));

    private static string Key(int n) => Convert.ToBase64String([.. Enumerable.Repeat((byte)n, 32)]);

    private async Task<IPAddress> AssignAsync(string subnet, string device, string? key = null, DateTimeOffset? now = null)
    {
        await using var db = await _databases.CreateDbContextAsync();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var random = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        var address = await Addresses(subnet).AssignAsync(db, device, key ?? random, now ?? Now, CancellationToken.None);
        await transaction.CommitAsync();
        return address;
    }

    private async Task ReleaseAsync(string device, DateTimeOffset now)
    {
        await using var db = await _databases.CreateDbContextAsync();
        await WireGuardAddresses.ReleaseAsync(db, device, now, CancellationToken.None);
    }
}
