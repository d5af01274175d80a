using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>The plain HTTP port that certificates name. A listener of its own: nothing else of the host can be reached there.</summary>
internal sealed class ValidationListener(ValidationOptions options, ValidationHandlers handlers, ILoggerFactory logs) : IHostedService, IAsyncDisposable
{
    private const int MostConnections = 1000;
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);
    private WebApplication? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(logs).AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = OcspRequest.MaxBytes;
            kestrel.Limits.MaxRequestLineSize = OcspRequest.MaxBytes * 2;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.RequestHeadersTimeout = LongestSilence;
            kestrel.Limits.KeepAliveTimeout = LongestSilence;
            kestrel.Listen(options.Listen, _ => { });
        });
        _app = builder.Build();
        _app.Use(AnswerOutagesAsync);
        var path = options.Address.Base.AbsolutePath.TrimEnd('/');
        if (path.Length > 0)
        {
            _app.UsePathBase(path);
        }

        _app.UseRouting();
        ValidationEndpoints.Map(_app, handlers);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new StartupException($"{ValidationOptions.ListenSetting}: {options.Listen.Text} cannot be listened on: {e.Message}");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static async Task AnswerOutagesAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (DatabaseOutage.Of(e) is not null && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "2";
        }
    }
}
