using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Benchmarks.Acme;

/// <summary>Who holds every name that is ordered: answers http-01 on the loopback.</summary>
internal sealed class ChallengeAnswers : IAsyncDisposable
{
    /// <summary>Where step-ca looks, which has no setting for it.</summary>
    public const int StandardPort = 80;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);

    private ChallengeAnswers(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel((KestrelServerOptions kestrel) => kestrel.Listen(IPAddress.Loopback, port));
        _app = builder.Build();
        _app.MapGet("/.well-known/acme-challenge/{token}", (string token) => _answers.TryRemove(token, out var answer) ? Results.Text(answer) : Results.NotFound());
    }

    /// <summary>Null: the port is not to be had here.</summary>
    public static async Task<ChallengeAnswers?> TryStartAsync(int port, CancellationToken cancellationToken)
    {
        var answers = new ChallengeAnswers(port);
        try
        {
            await answers._app.StartAsync(cancellationToken);
            return answers;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await answers.DisposeAsync();
            return null;
        }
    }

    public void Add(string token, string keyAuthorization) => _answers[token] = keyAuthorization;

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
