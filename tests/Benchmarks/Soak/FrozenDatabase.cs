using System.Diagnostics;
using System.Globalization;
using System.Net;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using UnreachableException = IoTPlatform.Client.UnreachableException;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>A PostgreSQL that is stopped without closing anything: requests and readiness answer 503 in time, and all goes on afterwards.</summary>
internal static class FrozenDatabase
{
    // The stated ten seconds, and what a busy machine adds.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(13);

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        using var http = PlatformHttp.Create(provider.Url, provider.Trust.Provider(), client: null, TimeSpan.FromSeconds(90));
        using var admin = await provider.AdminAsync();
        var servers = ServersBelow(provider.Process.Id);
        Signal(servers, "STOP");
        try
        {
            await Task.WhenAll(
                AnswersInTimeAsync(count, "health/ready", () => http.GetAsync(new Uri("health/ready", UriKind.Relative), cancellationToken)),
                AnswersInTimeAsync(count, "a token", () => http.PostAsync(new Uri("realms/cdm/protocol/openid-connect/token", UriKind.Relative), Credentials(), cancellationToken)));
        }
        finally
        {
            Signal(servers, "CONT");
        }

        var goesOn = Stopwatch.GetTimestamp();
        while (!await WorksAsync(admin, cancellationToken) && Stopwatch.GetElapsedTime(goesOn) < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(200, cancellationToken);
        }

        count.Expect(await WorksAsync(admin, cancellationToken), () => "a minute after the database went on, the provider still refuses");
    }

    private static async Task AnswersInTimeAsync(SoakCount count, string what, Func<Task<HttpResponseMessage>> ask)
    {
        var asked = Stopwatch.GetTimestamp();
        using var answer = await ask();
        var took = Stopwatch.GetElapsedTime(asked);
        count.Measure(took.TotalSeconds, "s");
        count.Expect(answer.StatusCode == HttpStatusCode.ServiceUnavailable && took <= Deadline, () => $"{what} was answered {(int)answer.StatusCode} after {took.TotalSeconds:F1} s");
    }

    private static FormUrlEncodedContent Credentials() => new([new("grant_type", "client_credentials"), new("client_id", "service-account-none"), new("client_secret", "wrong")]);

    private static async Task<bool> WorksAsync(ProviderClient admin, CancellationToken cancellationToken)
    {
        try
        {
            await admin.ListTenantsAsync(cancellationToken: cancellationToken);
            return true;
        }
        catch (Exception refusal) when (refusal is ApiException or UnreachableException)
        {
            return false;
        }
    }

    private static int[] ServersBelow(int processId)
    {
        var all = ProcessStat.ReadAll();
        return [.. all.Values.Where(process => process.IsPostgres && Ancestors(process.Id).Contains(processId)).Select(process => process.Id)];

        IEnumerable<int> Ancestors(int id)
        {
            while (all.TryGetValue(id, out var process) && process.ParentId > 1)
            {
                yield return process.ParentId;
                id = process.ParentId;
            }
        }
    }

    private static void Signal(int[] processes, string name)
    {
        using var kill = Process.Start("kill", ["-" + name, .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))]);
        kill.WaitForExit();
    }
}
