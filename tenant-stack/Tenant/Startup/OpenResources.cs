namespace IoTPlatform.Tenant.Startup;

/// <summary>What a start has opened so far, closed in reverse order.</summary>
internal sealed class OpenResources : IAsyncDisposable
{
    private readonly Stack<object> resources = new();

    public T Add<T>(T resource) where T : notnull
    {
        resources.Push(resource);
        return resource;
    }

    public async ValueTask DisposeAsync()
    {
        while (resources.TryPop(out var resource))
        {
            if (resource is IAsyncDisposable asynchronous)
                await asynchronous.DisposeAsync();
            else
                ((IDisposable)resource).Dispose();
        }
    }
}
