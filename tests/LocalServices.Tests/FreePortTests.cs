using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace IoTPlatform.LocalServices.Tests;

public sealed class FreePortTests
{
    [Fact]
    public void Next_ManyTimes_NeverTheSameAndAllCanBeListenedOn()
    {
        var ports = FreePort.Next(100);

        ports.ShouldBeUnique();
        foreach (var port in ports)
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }
    }

    [Fact]
    public void Next_IsKeptFromOtherProcesses()
    {
        var port = FreePort.Next();
        using var another = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        var refused = Should.Throw<SocketException>(() => another.Bind(new UnixDomainSocketEndPoint(string.Create(CultureInfo.InvariantCulture, $"\0iot-port-{port}"))));

        refused.SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
    }

    [SkippableFact]
    public void Next_IsNoneThatTheKernelGivesAway()
    {
        var first = int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t')[0], CultureInfo.InvariantCulture);

        Skip.If(first < 32_768, "this machine gives away others than usual");
        FreePort.Next().ShouldBeLessThan(first);
    }
}
