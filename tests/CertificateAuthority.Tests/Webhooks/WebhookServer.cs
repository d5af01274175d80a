using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Tests.Webhooks;

/// <summary>A service that answers as a test says, over real HTTPS.</summary>
internal sealed class WebhookServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebhookServer(WebApplication app) => _app = app;

    public ConcurrentQueue<WebhookCall> Calls { get; } = new();

    /// <summary>Of the n-th call, from 1.</summary>
    public Func<int, HttpContext, Task> Answer { get; set; } = (_, context) => context.Response.WriteAsync("""{"allow":true}""");

    public Uri Url => new(new Uri(_app.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)), "/hook");

    /// <param name="certificate">With its key.</param>
    /// <param name="issuers">Sent beside it.</param>
    public static async Task<WebhookServer> StartAsync(X509Certificate2 certificate, params X509Certificate2[] issuers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate,
            ServerCertificateChain = [.. issuers],
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (_, _, _) => true,
        })));
        var app = builder.Build();
        var server = new WebhookServer(app);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Calls.Enqueue(new WebhookCall(
            context.Request.Path, body.ToArray(), context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), context.Connection.ClientCertificate?.Subject));
        await Answer(Calls.Count, context);
    }
}

internal sealed record WebhookCall(string Path, byte[] Body, IReadOnlyDictionary<string, string> Headers, string? Client);
