using System.Net;
using Microsoft.AspNetCore.Connections;

namespace IoTPlatform.Hosting;

/// <summary>
/// Accepts no more connections than there are descriptors for, over all listeners of the process. Limits that are applied once a connection is
/// handled come too late on a busy machine: the kernel's whole backlog is accepted at once, and a process without a free descriptor cannot even
/// load code. What has no place waits in the backlog.
/// </summary>
internal sealed class BoundedTransport(IConnectionListenerFactory transport, HostCapacity capacity) : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly SemaphoreSlim _places = new(capacity.ConnectionsWithClosing);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await transport.BindAsync(endpoint, cancellationToken), _places);

    public bool CanBind(EndPoint endpoint) => transport is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    public void Dispose() => _places.Dispose();

    private sealed class Listener(IConnectionListener listener, SemaphoreSlim places) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => listener.EndPoint;

        /// <summary>Null once the listener is unbound.</summary>
        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
            try
            {
                await places.WaitAsync(ends.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }

            var accepted = false;
            try
            {
                if (await listener.AcceptAsync(cancellationToken) is not { } connection)
                {
                    return null;
                }

                accepted = true;
                // The transport cancels it for every connection, whoever ends it.
                connection.ConnectionClosed.UnsafeRegister(static state => ((SemaphoreSlim)state!).Release(), places);
                return connection;
            }
            finally
            {
                if (!accepted)
                {
                    places.Release();
                }
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await listener.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await listener.DisposeAsync();
            _unbound.Dispose();
        }
    }
}
