using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.Benchmarks.Identity;

/// <summary>
/// The embedded issuer beside Keycloak: sign-ins with a password, sign-ins of a browser that is signed in (the same without the hashing), token requests of
/// programs, with CPU each; time to start, and memory.
/// </summary>
internal static class IdentityBenchmark
{
    private const int SignInsOfAClient = 100; // each asks the issuer twice, and a client has 300 at once from one address
    private const int TokensOfAProgram = 500;

    public static async Task<IdentityReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var measured = new List<IdentityProviderResult>();
        await using (var embedded = await TimedAsync(() => EmbeddedServer.StartAsync(cancellationToken)))
        {
            measured.Add(await MeasureAsync(embedded.Server, embedded.Elapsed, options, progress, cancellationToken));
        }

        if (options.WithoutPeer || KeycloakPeer.WhyNot is not null)
        {
            await progress.WriteLineAsync(KeycloakPeer.WhyNot ?? "measuring without the peer");
        }
        else
        {
            var peer = await KeycloakPeer.InstallAsync(cancellationToken);
            await using var keycloak = await TimedAsync(async () =>
            {
                await peer.StartAsync(cancellationToken);
                return peer;
            });
            measured.Add(await MeasureAsync(keycloak.Server, keycloak.Elapsed, options, progress, cancellationToken));
        }

        return new IdentityReport { Machine = Machine.Describe(), Servers = measured, HashesPerSecond = HashesPerSecond() };
    }

    private static async Task<IdentityProviderResult> MeasureAsync(
        IdentityProviderServer server, TimeSpan firstStart, BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var (signIns, sessions, tokens) = options.Quick ? (20, 50, 200) : (200, 1000, 5000);
        var concurrency = options.Concurrency[0];
        await progress.WriteLineAsync($"{server.Name}: {signIns} sign-ins, {sessions} more of signed-in browsers, {tokens} tokens of programs, {concurrency} at a time");
        await server.RegisterAsync(clients: (2 * signIns + sessions) / SignInsOfAClient + concurrency, programs: 2 * tokens / TokensOfAProgram + concurrency, cancellationToken);
        var restart = Stopwatch.StartNew();
        await server.RestartAsync(cancellationToken);
        restart.Stop();
        var idle = ResidentMemory.Of(server.ProcessId);
        var loads = new List<LoadResult>();
        foreach (var isWarmUp in new[] { true, false })
        {
            var part = isWarmUp ? 4 : 1; // the JIT of either
            LoadResult[] round =
            [
                await SignInsAsync(server, concurrency, signIns / part, cancellationToken),
                await SessionsAsync(server, concurrency, sessions / part, cancellationToken),
                await TokensAsync(server, concurrency, tokens / part, cancellationToken),
            ];
            loads.AddRange(isWarmUp ? [] : round);
        }

        var busy = ResidentMemory.Of(server.ProcessId);
        return new IdentityProviderResult
        {
            Server = server.Name,
            FirstStartMilliseconds = firstStart.TotalMilliseconds,
            RestartMilliseconds = restart.Elapsed.TotalMilliseconds,
            MiBIdle = idle.ServerMiB,
            DatabaseMiBIdle = idle.DatabaseMiB,
            MiBAfterwards = busy.ServerMiB,
            DatabaseMiBAfterwards = busy.DatabaseMiB,
            Loads = loads,
        };
    }

    private static async Task<LoadResult> SignInsAsync(IdentityProviderServer server, int concurrency, int count, CancellationToken cancellationToken)
    {
        var browsers = Browsers(concurrency);
        var connections = Connections(server, concurrency);
        try
        {
            return await LoadGenerator.RunAsync(server.Name, "sign-in with password", server.ProcessId, concurrency, count, async (worker, index, stop) =>
            {
                var (browser, client) = (browsers[worker], server.Clients[index / SignInsOfAClient % server.Clients.Count]);
                browser.Cookies.Clear();
                var form = await browser.GetAsync(AuthorizeUrl(server, client));
                var end = await browser.SubmitAsync(form, server.Form, client.RedirectUri.AbsoluteUri, ("username", server.Username), ("password", server.Password));
                return await RedeemAsync(server, connections[worker], client, end, stop);
            }, cancellationToken);
        }
        finally
        {
            Dispose(browsers, connections);
        }
    }

    private static async Task<LoadResult> SessionsAsync(IdentityProviderServer server, int concurrency, int count, CancellationToken cancellationToken)
    {
        var browsers = Browsers(concurrency);
        var connections = Connections(server, concurrency);
        try
        {
            foreach (var browser in browsers)
            {
                var client = server.Clients[^1];
                await browser.SubmitAsync(await browser.GetAsync(AuthorizeUrl(server, client)), server.Form, client.RedirectUri.AbsoluteUri, ("username", server.Username), ("password", server.Password));
            }

            return await LoadGenerator.RunAsync(server.Name, "sign-in, signed in", server.ProcessId, concurrency, count, async (worker, index, stop) =>
            {
                // From the end: the first ones were just used, and get no more from one address for a while.
                var client = server.Clients[^(1 + (index / SignInsOfAClient % server.Clients.Count))];
                var end = await browsers[worker].GetAsync(AuthorizeUrl(server, client), client.RedirectUri.AbsoluteUri);
                return await RedeemAsync(server, connections[worker], client, end, stop);
            }, cancellationToken);
        }
        finally
        {
            Dispose(browsers, connections);
        }
    }

    private static async Task<LoadResult> TokensAsync(IdentityProviderServer server, int concurrency, int count, CancellationToken cancellationToken)
    {
        var connections = Connections(server, concurrency);
        try
        {
            return await LoadGenerator.RunAsync(server.Name, "token of a program", server.ProcessId, concurrency, count, async (worker, index, stop) =>
            {
                var program = server.Programs[index % server.Programs.Count];
                KeyValuePair<string, string>[] form = program.Scope is { } scope ? [new("grant_type", "client_credentials"), new("scope", scope)] : [new("grant_type", "client_credentials")];
                using var answer = await server.TokenAsync(connections[worker], program.Id, program.Secret, form, stop);
                return answer?.RootElement.TryGetProperty("access_token", out _) == true;
            }, cancellationToken);
        }
        finally
        {
            Dispose([], connections);
        }
    }

    private static async Task<bool> RedeemAsync(IdentityProviderServer server, HttpClient http, CodeClient client, BrowserPage end, CancellationToken cancellationToken)
    {
        if (!QueryHelpers.ParseQuery(end.Url.Query).TryGetValue("code", out var code))
        {
            return false;
        }

        using var tokens = await server.TokenAsync(
            http, client.Id, client.Secret,
            [new("grant_type", "authorization_code"), new("code", code.ToString()), new("redirect_uri", client.RedirectUri.AbsoluteUri), new("code_verifier", Verifier)], cancellationToken);
        return tokens?.RootElement.TryGetProperty("id_token", out _) == true;
    }

    // One for all: the load generator is not what is measured.
    private static readonly string Verifier = new('v', 64);

    private static Uri AuthorizeUrl(IdentityProviderServer server, CodeClient client) => new(QueryHelpers.AddQueryString(server.Issuer + "/protocol/openid-connect/auth", new Dictionary<string, string?>
    {
        ["client_id"] = client.Id,
        ["redirect_uri"] = client.RedirectUri.AbsoluteUri,
        ["response_type"] = "code",
        ["scope"] = "openid",
        ["state"] = "s",
        ["nonce"] = "n",
        ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier))),
        ["code_challenge_method"] = "S256",
    }));

    /// <summary>What the embedded issuer's part of hashing costs: PBKDF2-HMAC-SHA-512, 210,000 iterations.</summary>
    private static double HashesPerSecond()
    {
        const int Hashes = 10;
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Hashes; i++)
        {
            Rfc2898DeriveBytes.Pbkdf2("benchmark benchmark benchmark", RandomNumberGenerator.GetBytes(16), 210_000, HashAlgorithmName.SHA512, 32);
        }

        return Hashes / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static Browser[] Browsers(int count) => [.. Enumerable.Range(0, count).Select(_ => new Browser())];

    private static HttpClient[] Connections(IdentityProviderServer server, int count) => [.. Enumerable.Range(0, count).Select(_ => server.Connect())];

    private static void Dispose(Browser[] browsers, HttpClient[] connections)
    {
        Array.ForEach(browsers, browser => browser.Dispose());
        Array.ForEach(connections, http => http.Dispose());
    }

    private static async Task<Started<T>> TimedAsync<T>(Func<Task<T>> start) where T : IdentityProviderServer
    {
        var watch = Stopwatch.StartNew();
        var server = await start();
        return new Started<T>(server, watch.Elapsed);
    }

    private sealed record Started<T>(T Server, TimeSpan Elapsed) : IAsyncDisposable where T : IdentityProviderServer
    {
        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
