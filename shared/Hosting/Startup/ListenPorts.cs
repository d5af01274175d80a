using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Hosting;

/// <summary>Tries the ports before anything is made or spent that a start which cannot listen would waste.</summary>
public static class ListenPorts
{
    /// <summary>What is wrong with each that cannot be bound: in use, not permitted, not an address of this machine.</summary>
    public static IEnumerable<string> Problems(IEnumerable<ListenAddress> addresses) => addresses.Select(Problem).OfType<string>();

    /// <summary>Throws <see cref="StartupException"/> with every problem at once.</summary>
    public static void Require(IEnumerable<ListenAddress> addresses)
    {
        if (Problems(addresses).ToList() is { Count: > 0 } problems)
        {
            throw new StartupException(string.Join(' ', problems));
        }
    }

    private static string? Problem(ListenAddress address)
    {
        // localhost is served on whichever of its two addresses the machine has.
        var refusals = address.EndPoints.Select(TryBind).ToList();
        return refusals.Find(code => code is SocketError.AddressAlreadyInUse or SocketError.AccessDenied) is not SocketError.Success and var refusal ? Describe(address, refusal)
            : refusals.TrueForAll(code => code is not SocketError.Success) ? Describe(address, refusals[0])
            : null;
    }

    private static SocketError TryBind(IPEndPoint endPoint)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endPoint);
            socket.Listen(1);
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private static string Describe(ListenAddress address, SocketError code) => code switch
    {
        SocketError.AddressAlreadyInUse => $"{address.Text}: the port is in use. Stop the program that uses it, or choose another one ({address.From.Setting}).",
        SocketError.AccessDenied => $"{address.Text}: no permission to listen on that port; ports below 1024 need root. Choose another one ({address.From.Setting}).",
        SocketError.AddressNotAvailable => $"{address.Text}: this machine does not have that address. Correct {address.From.Setting}.",
        _ => $"{address.Text}: the address cannot be listened on ({code}). Correct {address.From.Setting}.",
    };
}
