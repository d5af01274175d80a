using IoTPlatform.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Hosting.Tests.Limits;

public sealed class ClientConnectionsTests
{
    private const int Most = 8;
    private readonly FakeTime _time = new();
    private readonly ClientConnections _connections;

    public ClientConnectionsTests() => _connections = new ClientConnections(new HostCapacity(Most, Requests: 4), _time, NullLogger<ClientConnections>.Instance);

    [Fact]
    public void Open_NoRoom_LongestIdleOfTheFullestAddressGoes()
    {
        var honest = Open("honest");
        var attackers = Enumerable.Range(0, Most - 1).Select(_ => Open("attacker")).ToList();

        Open("newcomer").IsAborted.ShouldBeFalse();

        honest.IsAborted.ShouldBeFalse();
        attackers.Select(a => a.IsAborted).ShouldBe([true, false, false, false, false, false, false]);
    }

    [Fact]
    public void Open_KnownClientsOnly_TheNewOneIsRefused()
    {
        for (var i = 0; i < Most; i++)
        {
            _connections.Know(Open("plant").Connection!, $"device {i}");
        }

        _connections.Open(new Socket(), "plant").ShouldBeNull();
    }

    [Fact]
    public void Open_KnownAndStrangersOfOneAddress_KnownStays()
    {
        var known = Open("plant");
        _connections.Know(known.Connection!, "device");
        for (var i = 0; i < 100; i++)
        {
            Open("plant");
        }

        known.IsAborted.ShouldBeFalse();
    }

    [Fact]
    public void Know_MoreThanOneIdentityMayHave_TheRestStayStrangers()
    {
        var connections = new ClientConnections(new HostCapacity(40, Requests: 4), _time, NullLogger<ClientConnections>.Instance);
        var all = Enumerable.Range(0, 40).Select(_ => connections.Open(new Socket(), "one")!).ToList();
        all.ForEach(c => connections.Know(c, "one device"));

        all.Count(c => c.Identity is not null).ShouldBe(16);
        connections.Open(new Socket(), "other").ShouldNotBeNull();
    }

    [Fact]
    public void Open_OnlyBusyStrangers_OneUnderWayForAWhileGoes()
    {
        var busy = Enumerable.Range(0, Most).Select(_ => Open("attacker")).ToList();
        busy.ForEach(b => _connections.Use(b.Connection!, +1));
        _connections.Open(new Socket(), "newcomer").ShouldBeNull("they have begun only now");

        _time.Advance(TimeSpan.FromSeconds(2));

        Open("newcomer").IsAborted.ShouldBeFalse();
        busy.Count(b => b.IsAborted).ShouldBe(1);
    }

    [Fact]
    public void Close_MakesRoom()
    {
        var open = Enumerable.Range(0, Most).Select(_ => Open("a")).ToList();
        _connections.Close(open[^1].Connection!);

        Open("b");

        open.ShouldAllBe(o => !o.IsAborted);
    }

    [Fact]
    public void Begin_StrangersTakeAllTheirPlaces_KnownClientStillHasOne()
    {
        using var requests = new ClientRequests(new HostCapacity(Most, Requests: 4), _connections, _time, NullLogger<ClientRequests>.Instance);
        var stranger = Open("attacker").Connection!;
        var known = Open("device").Connection!;
        _connections.Know(known, "device");
        for (var i = 0; i < 3; i++)
        {
            requests.Begin(stranger).ShouldNotBeNull();
        }

        requests.Begin(stranger).ShouldBeNull();
        var place = requests.Begin(known).ShouldNotBeNull();
        requests.Begin(known).ShouldBeNull();
        place.Dispose();
        requests.Begin(known).ShouldNotBeNull();
    }

    [Fact]
    public void Begin_StrangersHoldOn_TheyAreEndedForTheNextOne()
    {
        using var requests = new ClientRequests(new HostCapacity(Most, Requests: 4), _connections, _time, NullLogger<ClientRequests>.Instance);
        var holding = Enumerable.Range(0, 3).Select(_ => Open("attacker")).ToList();
        holding.ForEach(h => requests.Begin(h.Connection!));
        _time.Advance(TimeSpan.FromSeconds(3));

        requests.Begin(Open("honest").Connection!).ShouldNotBeNull();

        holding.Count(h => h.IsAborted).ShouldBe(1);
    }

    [Fact]
    public void Begin_StrangersRequestWithoutEnd_IsEnded()
    {
        using var requests = new ClientRequests(new HostCapacity(Most, Requests: 4), _connections, _time, NullLogger<ClientRequests>.Instance);
        var slow = Open("attacker");
        var became = Open("tenant");
        requests.Begin(slow.Connection!);
        requests.Begin(became.Connection!);
        _connections.Know(became.Connection!, "tenant");

        _time.Advance(ClientRequests.LongestOfStranger + TimeSpan.FromSeconds(3));

        slow.IsAborted.ShouldBeTrue();
        became.IsAborted.ShouldBeFalse();
    }

    private Socket Open(string address)
    {
        var socket = new Socket();
        socket.Connection = _connections.Open(socket, address);
        socket.Connection.ShouldNotBeNull();
        return socket;
    }

    private sealed class Socket : DefaultConnectionContext
    {
        public ClientConnection? Connection { get; set; }

        public bool IsAborted { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;
    }
}
