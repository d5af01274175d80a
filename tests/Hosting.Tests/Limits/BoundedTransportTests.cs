using System.Net;
using Microsoft.AspNetCore.Connections;

namespace IoTPlatform.Hosting.Tests.Limits;

public sealed class BoundedTransportTests
{
    private static readonly HostCapacity Capacity = new(Connections: 4, Requests: 4);
    private static readonly EndPoint Anywhere = new IPEndPoint(IPAddress.Loopback, 0);

    private readonly Backlog _backlog = new();
    private readonly BoundedTransport _transport;

    public BoundedTransportTests() => _transport = new BoundedTransport(_backlog, Capacity);

    [Fact]
    public async Task Accept_NoPlaceLeft_LeavesTheNextInTheBacklogUntilOneCloses()
    {
        await using var listener = await _transport.BindAsync(Anywhere);
        var accepted = new List<ConnectionContext>();
        for (var i = 0; i < Capacity.ConnectionsWithClosing; i++)
        {
            accepted.Add((await listener.AcceptAsync())!);
        }

        var next = listener.AcceptAsync().AsTask();
        next.IsCompleted.ShouldBeFalse();
        _backlog.Accepted.ShouldBe(Capacity.ConnectionsWithClosing);

        Close(accepted[2]);
        (await next).ShouldNotBeNull();
    }

    [Fact]
    public async Task Accept_TwoListeners_ShareThePlaces()
    {
        await using var first = await _transport.BindAsync(Anywhere);
        await using var second = await _transport.BindAsync(Anywhere);
        ConnectionContext? one = null;
        for (var i = 0; i < Capacity.ConnectionsWithClosing; i++)
        {
            one = await first.AcceptAsync();
        }

        var next = second.AcceptAsync().AsTask();
        next.IsCompleted.ShouldBeFalse();

        Close(one!);
        (await next).ShouldNotBeNull();
    }

    [Fact]
    public async Task Accept_TransportFails_GivesItsPlaceBack()
    {
        await using var listener = await _transport.BindAsync(Anywhere);
        for (var i = 0; i < 2 * Capacity.ConnectionsWithClosing; i++)
        {
            _backlog.Fails = true;
            await Should.ThrowAsync<IOException>(async () => await listener.AcceptAsync());
        }

        _backlog.Fails = false;
        (await listener.AcceptAsync()).ShouldNotBeNull();
    }

    [Fact]
    public async Task Unbind_WhileNoPlaceIsLeft_EndsTheAccept()
    {
        await using var listener = await _transport.BindAsync(Anywhere);
        for (var i = 0; i < Capacity.ConnectionsWithClosing; i++)
        {
            await listener.AcceptAsync();
        }

        var next = listener.AcceptAsync().AsTask();
        await listener.UnbindAsync();

        (await next).ShouldBeNull();
    }

    private static void Close(ConnectionContext connection) => ((Connection)connection).Closed.Cancel();

    private sealed class Connection : DefaultConnectionContext
    {
        public Connection() => ConnectionClosed = Closed.Token;

        public CancellationTokenSource Closed { get; } = new();
    }

    /// <summary>A transport with as many clients waiting as are accepted.</summary>
    private sealed class Backlog : IConnectionListenerFactory, IConnectionListener
    {
        public int Accepted { get; private set; }

        public bool Fails { get; set; }

        public EndPoint EndPoint => Anywhere;

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (Fails)
            {
                throw new IOException("no");
            }

            Accepted++;
            return new ValueTask<ConnectionContext?>(new Connection());
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => default;

        public ValueTask DisposeAsync() => default;
    }
}
