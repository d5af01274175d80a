using System.Diagnostics;
using System.Globalization;
using System.Net;
using IoTPlatform.Client;
using IoTPlatform.Database;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Faults;

/// <summary>PostgreSQL that neither answers nor ends, SIGSTOP: the stated deadline does not depend on it.</summary>
public sealed class FrozenDatabaseTests
{
    private const int Callers = 30;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    [SkippableFact]
    public async Task Requests_PrivateServerFrozen_503WithinTheDeadline()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        var postmaster = Directory.GetFiles(provider.Data, "postmaster.pid", SearchOption.AllDirectories).Single();

        await ShouldKeepTheDeadlineAsync(provider, int.Parse(File.ReadLines(postmaster).First(), CultureInfo.InvariantCulture));
    }

    [SkippableFact]
    public async Task Requests_ExternalServerFrozen_503WithinTheDeadline()
    {
        Requires.Tool("initdb");
        using var folder = new TempFolder();
        await using var server = await PrivatePostgres.StartAsync(folder.Combine("pg"), new PrivatePostgresOptions(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        await server.EnsureDatabaseAsync("provider", CancellationToken.None);
        await using var provider = ProviderStack.WithDatabase(server.ConnectionString("provider"));
        await provider.StartProcessAsync();

        await ShouldKeepTheDeadlineAsync(provider, server.ServerProcessId);
    }

    private static async Task ShouldKeepTheDeadlineAsync(ProviderStack provider, int postmaster)
    {
        using var admin = await provider.AdminAsync();
        using var http = PlatformHttp.Create(provider.Url, provider.Trust.Provider(), client: null, TimeSpan.FromMinutes(2));
        await provider.PrepareAsync("before");
        await Signal(postmaster, "STOP");
        try
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => i % 3 == 0 ? Timed(http, "health/ready") : TimedToken(http)));

            answers.ShouldAllBe(a => a.Status == HttpStatusCode.ServiceUnavailable && a.RetryAfter && a.Took < Deadline, string.Join('\n', answers));
            (await Timed(http, "health/ready")).ShouldSatisfyAllConditions(a => a.Status.ShouldBe(HttpStatusCode.ServiceUnavailable), a => a.Took.ShouldBeLessThan(TimeSpan.FromSeconds(5)));
            (await Timed(http, "health/live")).ShouldSatisfyAllConditions(a => a.Status.ShouldBe(HttpStatusCode.OK), a => a.Took.ShouldBeLessThan(TimeSpan.FromSeconds(1)));
        }
        finally
        {
            await Signal(postmaster, "CONT");
        }

        await provider.PrepareAsync("after");
        (await Timed(http, "health/ready")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static Task<Reply> Timed(HttpClient http, string path) => TimedAsync(() => http.GetAsync(new Uri(path, UriKind.Relative)));

    private static Task<Reply> TimedToken(HttpClient http) => TimedAsync(() => http.PostAsync(
        new Uri("realms/cdm/protocol/openid-connect/token", UriKind.Relative),
        new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "service-account-none"), new("client_secret", "wrong")])));

    private static async Task<Reply> TimedAsync(Func<Task<HttpResponseMessage>> call)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var response = await call();
        return new Reply(response.StatusCode, response.Headers.RetryAfter is not null, TimeProvider.System.GetElapsedTime(began));
    }

    private static async Task Signal(int postmaster, string name)
    {
        foreach (var process in (int[])[postmaster, .. Children(postmaster)])
        {
            using var kill = Process.Start("kill", ["-" + name, process.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        }
    }

    private static IEnumerable<int> Children(int parent) =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0]))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).Where(id => ParentOf(id) == parent).ToList();

    private static int? ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // it just ended
        }
    }

    private sealed record Reply(HttpStatusCode Status, bool RetryAfter, TimeSpan Took);
}
