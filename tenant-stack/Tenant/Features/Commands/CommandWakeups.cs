using IoTPlatform.Mqtt;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>The devices for which there may be commands to deliver: they can receive since a moment ago, or a command came. Each is in it once.</summary>
internal sealed class CommandWakeups : ISessionObserver, IDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _devices = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _any = new(0, 1);

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReceivesAsync(MqttIdentity identity, CancellationToken cancellationToken)
    {
        Add([identity.Name]);
        return Task.CompletedTask;
    }

    public void Add(IEnumerable<string> devices)
    {
        lock (_gate)
        {
            _devices.UnionWith(devices);
            if (_devices.Count > 0 && _any.CurrentCount == 0)
            {
                _any.Release();
            }
        }
    }

    /// <summary>Waits for one.</summary>
    public async Task<string[]> TakeAsync(int limit, CancellationToken cancellationToken)
    {
        await _any.WaitAsync(cancellationToken);
        lock (_gate)
        {
            string[] taken = [.. _devices.Take(limit)];
            _devices.ExceptWith(taken);
            if (_devices.Count > 0)
            {
                _any.Release();
            }

            return taken;
        }
    }

    public void Dispose() => _any.Dispose();
}
