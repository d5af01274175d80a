using IoTPlatform.CertificateAuthority.Inventory;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Tests.Inventory;

/// <summary>What is done for the inventory as time goes by: endpoints every minute, forgetting every hour.</summary>
public sealed class InventoryUpkeepTests : LedgerTestBase
{
    /// <summary>Two years ago: what has ended may be deleted.</summary>
    private static readonly DateTimeOffset Start = new DateTimeOffset(TimeProvider.System.GetUtcNow().Date, TimeSpan.Zero).AddDays(-730);

    private readonly FakeTime _time = new(Start.AddDays(200));
    private readonly LogCapture _logs = new();

    [SkippableFact]
    public async Task EveryMinute_CertificatesGetTheirEndpointsAndASurplusIsTold()
    {
        using var upkeep = Upkeep(most: 1);
        await StoreAsync("a.test", Start.AddDays(200));
        await upkeep.StartAsync(default);
        await UntilAsync(async () => await CountAsync("ca.endpoint_certificates") == 1);

        await StoreAsync("a.test", Start.AddDays(200));
        _time.Advance(TimeSpan.FromMinutes(1));

        await UntilAsync(async () => await CountAsync("audit.entries WHERE action = 'certificate.surplus'") == 1);
        (await CountAsync("ca.endpoints")).ShouldBe(1);
        await upkeep.StopAsync(default);
    }

    [SkippableFact]
    public async Task EveryHour_WhatEndedLongAgoIsForgotten()
    {
        using var upkeep = Upkeep();
        await StoreAsync("first.test", Start);
        await upkeep.StartAsync(default);
        await UntilAsync(async () => await CountAsync("ca.certificates") == 0);

        await StoreAsync("second.test", Start);
        await StoreAsync("young.test", Start.AddDays(150));
        _time.Advance(TimeSpan.FromMinutes(59));
        await UntilAsync(async () => await CountAsync("ca.endpoint_certificates") == 2);
        (await CountAsync("ca.certificates")).ShouldBe(2);
        _time.Advance(TimeSpan.FromMinutes(1));

        await UntilAsync(async () => await CountAsync("ca.certificates") == 1);
        (await Database.ScalarAsync<string>("SELECT subject FROM ca.certificates")).ShouldBe("young.test");
        await upkeep.StopAsync(default);
    }

    [SkippableFact]
    public async Task Forever_ForgetsNothing()
    {
        using var upkeep = Upkeep(forever: true);
        await StoreAsync("old.test", Start);
        await upkeep.StartAsync(default);
        await UntilAsync(async () => await CountAsync("ca.endpoint_certificates") == 1);
        _time.Advance(TimeSpan.FromHours(1));
        await StoreAsync("next.test", Start);
        _time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(async () => await CountAsync("ca.endpoint_certificates") == 2);

        (await CountAsync("ca.certificates")).ShouldBe(2);
        await upkeep.StopAsync(default);
    }

    /// <summary>Counting is what takes longest.</summary>
    [SkippableFact]
    public async Task CountThatFails_KeepsNothingElse()
    {
        using var upkeep = Upkeep(most: 1, count: _ => throw new TimeoutException());
        await StoreAsync("a.test", Start.AddDays(200));
        await StoreAsync("a.test", Start.AddDays(200));
        await StoreAsync("old.test", Start);
        await upkeep.StartAsync(default);

        await UntilAsync(async () => await CountAsync("ca.certificates") == 2);
        (await CountAsync("audit.entries WHERE action = 'certificate.surplus'")).ShouldBe(1);
        _logs.Text.ShouldContain("could not be counted");
        await upkeep.StopAsync(default);
    }

    [SkippableFact]
    public async Task Failure_IsLoggedAndTriedAgainAMinuteLater()
    {
        await Database.ExecuteAsync("ALTER TABLE ca.inventory_scan RENAME TO away");
        using var upkeep = Upkeep();
        await StoreAsync("a.test", Start.AddDays(200));
        await upkeep.StartAsync(default);
        await UntilAsync(() => Task.FromResult(_logs.Text.Contains("could not be brought up to date", StringComparison.Ordinal)));

        await Database.ExecuteAsync("ALTER TABLE ca.away RENAME TO inventory_scan");
        _time.Advance(TimeSpan.FromMinutes(1));

        await UntilAsync(async () => await CountAsync("ca.endpoints") == 1);
        await upkeep.StopAsync(default);
    }

    [SkippableFact]
    public async Task TwoProcesses_OnOneDatabase_PutAndTellEachOnce()
    {
        using var one = Upkeep(most: 1);
        using var other = Upkeep(most: 1);
        foreach (var n in Enumerable.Range(0, 40))
        {
            await StoreAsync($"{n % 20}.test", Start.AddDays(200));
        }

        await Task.WhenAll(one.StartAsync(default), other.StartAsync(default));
        await UntilAsync(async () => await CountAsync("audit.entries WHERE action = 'certificate.surplus'") >= 20);
        _time.Advance(TimeSpan.FromMinutes(1));
        await Task.WhenAll(one.StopAsync(default), other.StopAsync(default));

        (await CountAsync("ca.endpoints")).ShouldBe(20);
        (await CountAsync("ca.endpoint_certificates")).ShouldBe(40);
        await ShouldHaveIntactAuditAsync(20);
        _logs.Text.ShouldNotContain("could not");
    }

    private InventoryUpkeep Upkeep(bool forever = false, int? most = null, Func<CancellationToken, Task>? count = null)
    {
        var logger = LoggerFactory.Create(logging => logging.AddProvider(_logs)).CreateLogger<InventoryUpkeep>();
        return new InventoryUpkeep(new InventoryStore(Database.DataSource, () => ["web"], _time), count ?? (_ => Task.CompletedTask), forever ? null : TimeSpan.FromDays(100), most, _time, logger);
    }

    private Task StoreAsync(string name, DateTimeOffset issued) => Database.ExecuteAsync(
        """
        INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, der)
          VALUES ($1, $2, ARRAY[$2], 'Issuer', '\x01', 'leaf', 'web', 'x', sha256($1), $3, $3 + interval '1 day', $3, '\x00')
        """,
        SerialNumber.Create(DateTimeOffset.UnixEpoch), name, issued);
}
