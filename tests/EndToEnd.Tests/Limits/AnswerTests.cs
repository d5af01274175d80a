using System.Net;
using System.Text;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Limits;

/// <summary>The answer to a client that exceeds a limit, and the log entry of clients that disconnect.</summary>
public sealed class AnswerTests(AnswerTests.OneProvider shared) : IClassFixture<AnswerTests.OneProvider>
{
    private ProviderStack Provider => shared.Provider;

    [SkippableTheory]
    [InlineData("Content-Length: 400000", 400_000)]
    [InlineData("Content-Length: 1700000", 1_700_000)]
    [InlineData("Transfer-Encoding: chunked", 400_000)]
    public async Task Body_TooLarge_EveryClientReadsItsAnswer(string framing, int size)
    {
        var lost = 0;
        for (var i = 0; i < 20; i++)
        {
            using var client = await Attacker.HandshakeAsync(Provider.Url);
            try
            {
                await client.SendAsync($"POST /portal/admin/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{framing}\r\n\r\n");
                var body = new string(' ', size);
                await client.SendAsync(framing.StartsWith("Transfer", StringComparison.Ordinal) ? $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n" : body);
                lost += (await client.ReadToEndAsync()).StartsWith("HTTP/1.1 413 ", StringComparison.Ordinal) ? 0 : 1;
            }
            catch (IOException)
            {
                lost++;
            }
        }

        lost.ShouldBe(0);
    }

    [SkippableFact]
    public async Task Body_ClientGoesAway_IsNoError()
    {
        var before = Provider.Process.Lines.Count;
        for (var i = 0; i < 20; i++)
        {
            using var client = await Attacker.HandshakeAsync(Provider.Url);
            await client.SendAsync("POST /portal/admin/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
            client.Reset();
        }

        await LogWrittenAsync();
        // The flood of streams, if it came before on this provider, is counted once more afterwards.
        LinesSince(before).Where(line => !line.Contains("Kestrel.Http2[", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Http2_StreamsResetInAFlood_LogStaysSmall()
    {
        var before = Provider.Process.Lines.Count;
        for (var i = 0; i < 10; i++)
        {
            using var client = await Attacker.HandshakeAsync(Provider.Url, http2: true);
            try
            {
                await client.Stream.WriteAsync(Http2.Preface);
                for (var stream = 1; stream < 4000; stream += 2)
                {
                    await client.Stream.WriteAsync(Http2.PostThenReset(stream));
                }
            }
            catch (IOException)
            {
                // The host ended the connection, as it should.
            }
        }

        await LogWrittenAsync();
        var lines = LinesSince(before);
        lines.Count.ShouldBeLessThan(30, string.Join('\n', lines.Take(40)));
        lines.ShouldNotContain(line => line.Contains("unexpected error", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("provider.iot.example", "max-age=31536000")]
    [InlineData("localhost", null)]
    [InlineData("127.0.0.1", null)]
    public async Task Hsts_OfEveryAnswer_ExceptOnLoopbackNames(string host, string? expected)
    {
        using var client = Attacker.Honest(Provider);
        foreach (var path in new[] { "portal", "health/live", "no/such/address", "portal/admin/tenants" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Host = host;
            using var answer = await client.SendAsync(request);
            (answer.Headers.TryGetValues("Strict-Transport-Security", out var values) ? values.Single() : null).ShouldBe(expected, path);
        }
    }

    // A request over a fresh connection: whatever the host wrote about the ones before has arrived.
    private async Task LogWrittenAsync()
    {
        using var client = Attacker.Honest(Provider);
        (await client.GetAsync("health/live")).EnsureSuccessStatusCode();
        await Task.Delay(TimeSpan.FromSeconds(1));
    }

    private List<string> LinesSince(int before) => [.. Provider.Process.Lines.Skip(before)];

    public sealed class OneProvider : IAsyncLifetime
    {
        public ProviderStack Provider { get; private set; } = null!;

        public async Task InitializeAsync() => Provider = await ProviderStack.StartAsync();

        public async Task DisposeAsync()
        {
            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }
        }
    }
}
