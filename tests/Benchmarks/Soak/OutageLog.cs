using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>Requests refused while PostgreSQL is away are answered 503 and leave a bounded log.</summary>
internal static class OutageLog
{
    private const int Requests = 300;

    // A few throttled lines of each fault and of what runs in the background, whatever the number of refusals.
    private const int MostCharacters = 40 * 1024;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        using var folder = new TempFolder();
        var socket = folder.Combine("socket");
        await using var provider = await ProviderStack.StartAsync(socketFolder: socket);
        using var admin = await provider.AdminAsync();
        var before = provider.Process.Output.Length;
        File.Delete(socket);
        await provider.Database.EndConnectionsAsync();
        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (_, stop) =>
        {
            var status = await StatusAsync(admin, stop);
            count.Expect(status == 503, () => $"a request without a database was answered {status}");
        });
        var written = provider.Process.Output.Length - before;
        count.Measure(written, "characters of log");
        count.Expect(written <= MostCharacters, () => $"{written} characters of log for {Requests} refusals");
    }

    private static async Task<int> StatusAsync(ProviderClient admin, CancellationToken cancellationToken)
    {
        try
        {
            await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "acme", DisplayName = "acme" }, cancellationToken);
            return 200;
        }
        catch (ApiException refusal)
        {
            return refusal.Status;
        }
    }
}
