using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using MQTTnet.Channel;

namespace IoTPlatform.Client;

/// <summary>TLS below MQTTnet's client. Its own sends the leaf without its issuers, and judges the server by the machine's roots.</summary>
/// <param name="tls">Judges the server, and has the client's certificate with its issuers.</param>
public sealed class MqttTls(SslClientAuthenticationOptions tls) : IMqttClientStreamProvider
{
    /// <summary>As registered with IANA: where MQTT shares a port with HTTPS.</summary>
    public static readonly SslApplicationProtocol Alpn = new("mqtt");

    public async Task<Stream> ConnectAsync(EndPoint remoteEndpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(remoteEndpoint, cancellationToken);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(tls, cancellationToken);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
