using System.Security.Cryptography;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>Tenants boot for the first time while their provider is killed and started: every one waits, goes on and gets ready.</summary>
internal static class FirstBoots
{
    private const int Tenants = 4;
    private const int Kills = 3;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync();
        var tenants = new List<TenantStack>();
        try
        {
            for (var i = 0; i < Tenants; i++)
            {
                var prepared = await provider.PrepareAsync($"tenant-{i}");
                tenants.Add(await TenantStack.LaunchAsync(provider, prepared.TenantId, prepared.JoinKey));
            }

            for (var i = 0; i < Kills; i++)
            {
                await Task.Delay(RandomNumberGenerator.GetInt32(500, 2500), cancellationToken);
                await provider.KillAsync();
                await Task.Delay(RandomNumberGenerator.GetInt32(0, 500), cancellationToken);
                await provider.StartProcessAsync();
            }

            foreach (var tenant in tenants)
            {
                try
                {
                    await tenant.ReadyAsync();
                    count.Expect(true, () => "");
                }
                catch (Exception e) when (e is InvalidOperationException or TimeoutException)
                {
                    count.Expect(false, () => $"{tenant.TenantId}: {e.Message}");
                }
            }
        }
        finally
        {
            foreach (var tenant in tenants)
            {
                await tenant.DisposeAsync();
            }
        }
    }
}
