using IoTPlatform.CertificateAuthority;

namespace IoTPlatform.Tenant.Startup;

/// <summary>A tenant that answers requests. Disposing stops it cleanly.</summary>
internal sealed class RunningTenant(WebApplication app, CertificateAuthorityModule ca, OpenResources opened) : IAsyncDisposable
{
    public IReadOnlyList<string> Urls { get; } = [.. app.Urls];

    public string RootFingerprint => ca.Authority.RootFingerprint;

    public IServiceProvider Services => app.Services;

    public Task WaitForShutdownAsync(CancellationToken stop) => app.WaitForShutdownAsync(stop);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await opened.DisposeAsync();
    }
}
