using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Hosting.Tests.Configuration;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("https://127.0.0.1:9443", "127.0.0.1:9443")]
    [InlineData("https://0.0.0.0:9443/", "0.0.0.0:9443")]
    [InlineData("https://[::1]:9443", "[::1]:9443")]
    [InlineData("https://*:9443", "[::]:9443")]
    [InlineData("HTTPS://+:9443", "[::]:9443")]
    [InlineData("https://localhost:9443", "127.0.0.1:9443 [::1]:9443")]
    public void TryParse_AddressOfThisMachine_IsWhatIsBound(string text, string endPoints)
    {
        ListenAddress.TryParse(text, ListenScheme.Https, out var address, out _).ShouldBeTrue();

        string.Join(' ', address!.EndPoints).ShouldBe(endPoints);
    }

    [Theory]
    [InlineData("http://127.0.0.1:80")]
    [InlineData("127.0.0.1:9443")]
    [InlineData("https://127.0.0.1")]
    [InlineData("https://[::1]")]
    [InlineData("https://127.0.0.1:99999")]
    [InlineData("https://127.0.0.1:9443/path")]
    [InlineData("https://127.0.0.1:9443?x")]
    [InlineData("https://user@127.0.0.1:9443")]
    [InlineData("https://provider.example:9443")]
    [InlineData("https://010.0.0.1:9443")]
    [InlineData("https://fe80::1%lo:9443")]
    [InlineData("https://:9443")]
    public void TryParse_Other_IsRefused(string text)
    {
        ListenAddress.TryParse(text, ListenScheme.Https, out _, out var why).ShouldBeFalse();
        why.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void Read_AddressesOfOtherSettings_AreNamedWithTheirSetting()
    {
        var mqtt = new ListenScheme("IOT_EXAMPLE_LISTEN", "mqtts", 8883);
        using var taken = Bound();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        ListenAddress.TryParse("https://127.0.0.1:8883", mqtt, out _, out var why).ShouldBeFalse();
        why.ShouldContain("mqtts://127.0.0.1:8883");
        ListenAddress.TryParse($"mqtts://127.0.0.1:{port}", mqtt, out var address, out _).ShouldBeTrue();
        ListenPorts.Problems([address!]).ShouldHaveSingleItem().ShouldContain("IOT_EXAMPLE_LISTEN");
    }

    [Fact]
    public void Problems_PortsInUse_AreAllNamed()
    {
        using var one = Bound();
        using var two = Bound();
        var taken = new[] { one, two }.Select(socket => $"https://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}").ToList();

        var problems = ListenPorts.Problems(taken.Select(ListenAddress.Parse)).ToList();

        problems.Count.ShouldBe(2);
        problems[1].ShouldContain(taken[1]);
        problems[1].ShouldContain("in use");
        ListenPorts.Problems([ListenAddress.Parse("https://127.0.0.1:0"), ListenAddress.Parse("https://localhost:0")]).ShouldBeEmpty();
        ListenPorts.Problems([ListenAddress.Parse("https://192.0.2.1:0")]).ShouldHaveSingleItem().ShouldContain("does not have that address");
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
