using System.Security.Cryptography;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>A tenant is removed while its bridge renews from three threads, and its id goes to a new customer: nothing of the old one is let in.</summary>
internal static class RacedRemoval
{
    private const int Threads = 3;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync();
        using var bridge = await JoinedBridge.JoinAsync(provider, "acme", cancellationToken);
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var racers = Enumerable.Range(0, Threads).Select(_ => Task.Run(() => bridge.RenewUntilAsync(race.Token), cancellationToken)).ToArray();
        await Task.Delay(RandomNumberGenerator.GetInt32(500, 2500), cancellationToken);
        using (var admin = await provider.AdminAsync())
        {
            await admin.RemoveTenantAsync("acme", cancellationToken);
        }

        await race.CancelAsync();
        await Task.WhenAll(racers);
        var live = await provider.Database.ScalarAsync<long>("""
            SELECT count(*) FROM ca.certificates c
            WHERE c.profile IN ('mqtt-bridge', 'tenant-sub-ca') AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial)
            """);
        count.Expect(live == 0, () => $"{live} certificates of a removed tenant are not revoked");

        using var next = await JoinedBridge.JoinAsync(provider, "acme", cancellationToken);
        foreach (var old in bridge.Certificates)
        {
            var isLetIn = await next.IsLetInAsync(old, cancellationToken);
            count.Expect(!isLetIn, () => "a certificate of the removed tenant was let in as the new one");
        }

        count.Expect(await next.IsLetInAsync(next.Certificates[0], cancellationToken), () => "the new tenant itself is not let in");
    }
}
