using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Client.Tests.Doubles;

/// <summary>A real HTTPS server with answers set by the test: for faults the real hosts cannot be made to have.</summary>
internal sealed class FaultyServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<SeenRequest> _seen = new();

    private FaultyServer(WebApplication app, TestAuthority authority)
    {
        _app = app;
        Authority = authority;
    }

    public TestAuthority Authority { get; }
    public Uri Url { get; private set; } = null!;
    public RootTrust Trust => RootTrust.FromCertificate(Authority.Root);

    /// <summary>Every request so far, in order.</summary>
    public IReadOnlyList<SeenRequest> Seen => [.. _seen];

    /// <summary>What it answers; 404 until set.</summary>
    public Func<HttpContext, SeenRequest, Task> Answer { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    };

    public static async Task<FaultyServer> StartAsync(Func<TestAuthority, X509Certificate2>? certificate = null, TestAuthority? authority = null)
    {
        authority ??= new TestAuthority();
        var server = (certificate ?? (a => a.Server()))(authority);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = server;
            https.ServerCertificateChain = authority.Issuers;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = static (_, _, errors) => errors != SslPolicyErrors.RemoteCertificateNotAvailable;
        })));
        var app = builder.Build();
        var result = new FaultyServer(app, authority);
        app.Run(result.HandleAsync);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        result.Url = new Uri($"https://localhost:{new Uri(address).Port}/");
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Authority.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new SeenRequest(
            context.Request.Method, context.Request.Path.Value + context.Request.QueryString, await reader.ReadToEndAsync(),
            context.Request.Headers.Authorization.ToString(), context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            context.Connection.ClientCertificate is { } certificate ? X509CertificateLoader.LoadCertificate(certificate.RawData) : null);
        _seen.Enqueue(request);
        await Answer(context, request);
    }
}
