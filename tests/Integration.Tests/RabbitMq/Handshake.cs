using System.Net.Security;
using System.Net.Sockets;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

internal static class Handshake
{
    /// <summary>Of the certificate that the MQTT port serves now.</summary>
    public static async Task<string> ServerSerialAsync(RabbitMqServer broker)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", broker.MqttPort);
        string? serial = null;
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) =>
        {
            serial = certificate!.GetSerialNumberString();
            return true;
        });
        await tls.AuthenticateAsClientAsync("localhost");
        return serial!;
    }
}
