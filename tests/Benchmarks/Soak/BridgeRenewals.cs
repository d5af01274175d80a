using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>The holder of one bridge certificate renews as fast as it can: a bounded number is made, and its removal is not kept waiting.</summary>
internal static class BridgeRenewals
{
    private const int Threads = 8;
    private const int MostCertificates = 50;
    private static readonly TimeSpan Flood = TimeSpan.FromSeconds(5);

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync();
        using var bridge = await JoinedBridge.JoinAsync(provider, "acme", cancellationToken);
        using var flood = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var floods = Enumerable.Range(0, Threads).Select(_ => Task.Run(() => bridge.RenewUntilAsync(flood.Token), cancellationToken)).ToArray();
        await Task.Delay(Flood, cancellationToken);
        using (var admin = await provider.AdminAsync())
        {
            await admin.RemoveTenantAsync("acme", cancellationToken);
        }

        await flood.CancelAsync();
        await Task.WhenAll(floods);
        var made = await provider.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'mqtt-bridge'");
        count.Measure(made, "certificates");
        count.Expect(made <= MostCertificates, () => $"{made} bridge certificates in {Flood.TotalSeconds:F0} s");
    }
}
