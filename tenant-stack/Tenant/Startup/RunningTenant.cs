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

/// <summary>What a start has opened so far, closed in reverse order.</summary>
internal sealed class OpenResources : IAsyncDisposable
{
    private readonly Stack<object> _resources = new();

    public T Add<T>(T resource) where T : notnull
    {
        _resources.Push(resource);
        return resource;
    }

    public async ValueTask DisposeAsync()
    {
        while (_resources.TryPop(out var resource))
        {
            if (resource is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                ((IDisposable)resource).Dispose();
            }
        }
    }
}
