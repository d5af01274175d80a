using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Limits;

/// <summary>A hostile client, from any address of 127.0.0.0/8: it says what it likes and stops where it likes. It checks no certificate.</summary>
internal sealed class Attacker : IDisposable
{
    private readonly Socket _socket;
    private SslStream? _tls;

    private Attacker(Socket socket) => _socket = socket;

    /// <summary>The TCP connection only.</summary>
    public static async Task<Attacker> ConnectAsync(Uri url, string from = "127.0.0.1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.ConnectAsync(IPAddress.Loopback, url.Port, patience.Token);
        return new Attacker(socket);
    }

    public static async Task<Attacker> HandshakeAsync(Uri url, string from = "127.0.0.1", bool http2 = false)
    {
        var attacker = await ConnectAsync(url, from);
        await attacker.HandshakeAsync(http2);
        return attacker;
    }

    public Stream Stream => _tls ?? throw new InvalidOperationException("no TLS yet");

    public Task SendAsync(string text) => Stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>Everything until the other side closes; throws when it resets instead.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var reader = new StreamReader(Stream, Encoding.Latin1, leaveOpen: true);
        return await reader.ReadToEndAsync(patience.Token);
    }

    /// <summary>True when the other side ends the connection in time.</summary>
    public async Task<bool> ClosedAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        var buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer, patience.Token) > 0)
            {
                // Alerts and answers on the way to the end.
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends with RST, as a client that crashes.</summary>
    public void Reset() => _socket.Close(timeout: 0);

    /// <summary>An HTTP client that trusts the stack's root and comes from this address.</summary>
    /// <param name="connected">Called for every connection that it opens.</param>
    public static HttpClient Honest(ProviderStack provider, string from = "127.0.0.1", Action? connected = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                connected?.Invoke();
                return new NetworkStream(socket, ownsSocket: true);
            },
            SslOptions = { CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } },
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(provider.Trust.Root);
        return new HttpClient(handler) { BaseAddress = provider.Url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public void Dispose()
    {
        _tls?.Dispose();
        _socket.Dispose();
    }

    private async Task HandshakeAsync(bool http2)
    {
        _tls = new SslStream(new NetworkStream(_socket), leaveInnerStreamOpen: false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                ApplicationProtocols = http2 ? [SslApplicationProtocol.Http2] : null,
            },
            patience.Token);
    }
}
