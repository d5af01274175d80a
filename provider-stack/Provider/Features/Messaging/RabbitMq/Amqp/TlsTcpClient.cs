using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using RabbitMQ.Client;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;

/// <summary>A socket for RabbitMQ.Client that is TLS already, with all of .NET's options. The client takes a plain one for it.</summary>
internal sealed class TlsTcpClient(Socket socket, SslClientAuthenticationOptions options) : TcpClientAdapter(socket)
{
    private TlsStream? _stream;

    public override async Task ConnectAsync(IPAddress ep, int port, CancellationToken cancellationToken = default)
    {
        await base.ConnectAsync(ep, port, cancellationToken);
        var tls = new SslStream(new NetworkStream(Client));
        _stream = new TlsStream(Client, tls);
        await tls.AuthenticateAsClientAsync(options, cancellationToken);
    }

    public override NetworkStream GetStream() => _stream ?? throw new InvalidOperationException("The socket is not connected.");

    public override void Close()
    {
        _stream?.Dispose();
        base.Close();
    }
}
