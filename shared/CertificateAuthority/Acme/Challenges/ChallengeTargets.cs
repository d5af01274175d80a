using System.Net;
using System.Net.Sockets;
using DnsClient;
using IoTPlatform.CertificateAuthority.Outbound;

namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>
/// The way to those who have to prove something. A client chooses the name, so the name decides nothing: every address it has is judged, and the one that
/// was judged is connected to, whatever the name means a moment later.
/// </summary>
internal sealed class ChallengeTargets(AcmeOptions options, AcmeDns dns)
{
    private const int MostAddresses = 4;
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(3);

    public int HttpPort => options.HttpPort;

    public int TlsPort => options.TlsPort;

    public bool IsAllowed(IPAddress address) => ReachableAddresses.IsAllowed(address, options.AlsoReached);

    /// <summary>Throws <see cref="ChallengeTargetException"/>.</summary>
    public async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (port != HttpPort && port != TlsPort)
        {
            throw new ChallengeTargetException("connection", $"Port {port} is not one that this server connects to.");
        }

        var addresses = await AddressesAsync(host, cancellationToken);
        if (addresses.Count == 0)
        {
            throw new ChallengeTargetException("dns", $"{host} has no address.");
        }

        // One forbidden address is enough: who has it beside an allowed one waits for the other to be tried.
        if (!addresses.All(IsAllowed))
        {
            throw new ChallengeTargetException("connection", $"{host} has an address that this server does not connect to.");
        }

        var last = SocketError.TimedOut;
        foreach (var address in addresses.Take(MostAddresses))
        {
            // Each for itself: one that leads nowhere leaves time for the next.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(LongestConnect);
            try
            {
                return await ConnectAsync(new IPEndPoint(address, port), limit.Token);
            }
            catch (SocketException e)
            {
                last = e.SocketErrorCode;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                last = SocketError.TimedOut;
            }
        }

        throw new ChallengeTargetException("connection", $"{host} cannot be connected to at port {port}: {last}.");
    }

    private static async Task<Stream> ConnectAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            return options.Resolver is null ? await Dns.GetHostAddressesAsync(host, cancellationToken) : await dns.AddressesAsync(host, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or DnsResponseException)
        {
            throw new ChallengeTargetException("dns", $"{host} cannot be resolved.", e);
        }
    }
}

/// <summary>A challenge that cannot be looked at, in ACME's words.</summary>
internal sealed class ChallengeTargetException(string type, string message, Exception? inner = null) : Exception(message, inner)
{
    public AcmeProblem Problem { get; } = AcmeProblem.OfChallenge(type, message);

    /// <summary>Wherever in what the platform threw it is.</summary>
    public static AcmeProblem? In(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is ChallengeTargetException found)
            {
                return found.Problem;
            }
        }

        return null;
    }
}
