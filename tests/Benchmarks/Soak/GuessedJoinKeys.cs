using IoTPlatform.Benchmarks.Join;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>Wrong JOIN keys in numbers, in parallel and from the same address, shut out no valid one.</summary>
internal static class GuessedJoinKeys
{
    private const int Guesses = 340;
    private const int AtATime = 20;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync();
        using var anybody = ProviderClient.Create(provider.Url, provider.Trust.Provider());
        var prepared = await provider.PrepareAsync("acme");
        using var tenant = new JoiningTenant("acme", prepared.JoinKey);
        tenant.MakeRequest();
        await Parallel.ForAsync(0, Guesses, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken }, async (_, stop) =>
        {
            var refused = await RefusedAsync(anybody, tenant.Request, stop);
            count.Expect(refused is 401 or 429, () => $"a wrong key was answered {refused}");
        });

        try
        {
            count.Expect(await tenant.JoinAsync(anybody, cancellationToken), () => "the valid key got no bundle");
        }
        catch (ApiException refusal)
        {
            count.Expect(false, () => $"the valid key was answered {refusal.Status} {refusal.Code}");
        }

        var rows = await provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action LIKE 'join.key_refused%'");
        count.Measure(rows, "audit entries");
    }

    private static async Task<int> RefusedAsync(ProviderClient provider, JoinRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await provider.JoinAsync(WrongKey(), request, cancellationToken);
            return 200;
        }
        catch (ApiException refusal)
        {
            return refusal.Status;
        }
    }

    private static string WrongKey()
    {
        const string alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        return string.Join('-', Enumerable.Range(0, 4).Select(_ => System.Security.Cryptography.RandomNumberGenerator.GetString(alphabet, 4)));
    }
}
