using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Server;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Reads the keys before the first request and now and then, rotates them when they are old, and removes tokens that have ended.</summary>
internal sealed partial class IssuerMaintenance(
    IssuerOptions issuer, IssuerKeys keys, IssuerClients clients, FederationClients federation, IOptionsMonitorCache<OpenIddictServerOptions> server, IServiceScopeFactory scopes, TimeProvider time, ILogger<IssuerMaintenance> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestUse = TimeSpan.FromDays(90);
    private static readonly TimeSpan PruneInterval = TimeSpan.FromHours(1);

    private DateTimeOffset _nextPrune = DateTimeOffset.MinValue;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await keys.EnsureAsync(cancellationToken);
        await clients.EnsureCommandLineAsync(cancellationToken);
        await clients.EnsureStepAsync(issuer.HasStepClient, cancellationToken);
        if (federation.AreElsewhere)
        {
            // They would sign people in here whatever becomes of the tenant: who looks after clients looks after those at the other identity provider.
            await clients.RemoveFederationAsync(cancellationToken);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>One pass. Public for tests, whose clock stands still.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await keys.ReadAsync(cancellationToken);
        if (now - keys.Current.Max(key => key.SignsFrom) >= LongestUse)
        {
            await keys.RotateAsync("system", cancellationToken);
        }

        server.TryRemove(Options.DefaultName); // made again with the keys of now
        if (now >= _nextPrune)
        {
            _nextPrune = now + PruneInterval;
            await PruneAsync(now, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e);
            }
        }
    }

    private async Task PruneAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().PruneAsync(now - IssuerKeys.Overlap, cancellationToken);
        await scope.ServiceProvider.GetRequiredService<IOpenIddictAuthorizationManager>().PruneAsync(now - IssuerKeys.Overlap, cancellationToken);
    }

    [LoggerMessage(40, LogLevel.Warning, "the issuer's keys and tokens could not be looked after, and are in half a minute")]
    private partial void Failed(Exception exception);
}

/// <summary>Where the tenants' clients are.</summary>
/// <param name="AreElsewhere">At another identity provider than this issuer.</param>
internal sealed record FederationClients(bool AreElsewhere);
