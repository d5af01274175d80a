using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.Mqtt.Tests.Support;

/// <summary>Bytes over TLS, for what no client library sends.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _tcp = new();
    private SslStream _tls = null!;

    public static async Task<RawClient> OpenAsync(BrokerHost host, string? pem)
    {
        var client = new RawClient();
        await client._tcp.ConnectAsync("127.0.0.1", host.Port);
        client._tls = new SslStream(client._tcp.GetStream(), false, (_, _, _, _) => true);
        SslStreamCertificateContext? context = null;
        if (pem is not null)
        {
            using var ephemeral = X509Certificate2.CreateFromPem(pem, pem);
            context = SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pfx), null), null, offline: true);
        }

        await client._tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificateContext = context });
        return client;
    }

    /// <summary>CONNECT of MQTT 5 or 3.1.1, clean, without keep-alive.</summary>
    public static byte[] Connect(string clientId, byte version = 5)
    {
        byte[] id = [.. String(clientId)];
        byte[] body = [0, 4, .. "MQTT"u8, version, 2, 0, 0, .. version == 5 ? new byte[] { 0 } : [], .. id];
        return Packet(0x10, body);
    }

    public static byte[] Publish(string topic, ushort id, int qos, bool dup = false, byte[]? properties = null)
    {
        byte[] body = [.. String(topic), .. qos > 0 ? new[] { (byte)(id >> 8), (byte)id } : [], .. properties ?? [0], .. "{}"u8];
        return Packet((byte)(0x30 | (qos << 1) | (dup ? 8 : 0)), body);
    }

    public static byte[] Packet(byte first, byte[] body)
    {
        var header = new List<byte> { first };
        var length = body.Length;
        do
        {
            header.Add((byte)((length & 127) | (length > 127 ? 128 : 0)));
            length >>= 7;
        }
        while (length > 0);
        return [.. header, .. body];
    }

    public static IEnumerable<byte> String(string text) => [(byte)(Encoding.UTF8.GetByteCount(text) >> 8), (byte)Encoding.UTF8.GetByteCount(text), .. Encoding.UTF8.GetBytes(text)];

    public async Task SendAsync(byte[] bytes)
    {
        await _tls.WriteAsync(bytes);
        await _tls.FlushAsync();
    }

    /// <summary>First byte and body; null: the connection has ended.</summary>
    public async Task<(byte First, byte[] Body)?> ReadAsync()
    {
        try
        {
            var one = new byte[1];
            if (await _tls.ReadAsync(one).AsTask().SoonAsync() == 0)
            {
                return null;
            }

            var first = one[0];
            var (length, shift) = (0, 0);
            do
            {
                await _tls.ReadExactlyAsync(one).AsTask().SoonAsync();
                length |= (one[0] & 127) << shift;
                shift += 7;
            }
            while (one[0] > 127);
            var body = new byte[length];
            await _tls.ReadExactlyAsync(body).AsTask().SoonAsync();
            return (first, body);
        }
        catch (Exception e) when (e is IOException or EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Reads to the end; the packet types that came before it.</summary>
    public async Task<IReadOnlyList<int>> UntilEndAsync()
    {
        var types = new List<int>();
        while (await ReadAsync() is { } packet)
        {
            types.Add(packet.First >> 4);
        }

        return types;
    }

    public void Dispose()
    {
        _tls.Dispose();
        _tcp.Dispose();
    }
}
