using System.Security.Cryptography;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>kill -9 while the private database is made: the next start waits for what was left and comes up.</summary>
internal static class KilledInitdb
{
    private const int Kills = 8;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Kills; i++)
        {
            await using var provider = ProviderStack.WithPrivateDatabase();
            provider.Launch();
            var moment = RandomNumberGenerator.GetInt32(300, 3000);
            await Task.Delay(moment, cancellationToken);
            await provider.KillAsync();
            try
            {
                await provider.StartProcessAsync();
                count.Expect(true, () => "");
            }
            catch (Exception e) when (e is InvalidOperationException or TimeoutException)
            {
                count.Expect(false, () => $"killed after {moment} ms: {e.Message}");
            }
        }
    }
}
