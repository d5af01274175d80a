using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>Answers every connection with the same bytes, or with nothing at all: faults a healthy broker can't be brought to.</summary>
internal sealed class CannedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string? _answer;

    /// <param name="answer">Null: accepts and stays silent.</param>
    public CannedServer(string? answer)
    {
        _answer = answer;
        _listener.Start();
        _ = ServeAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public static string Http(string status, string body) => $"HTTP/1.1 {status}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var buffer = new byte[8192];
            await stream.ReadAtLeastAsync(buffer, 1, throwOnEndOfStream: false);
            if (_answer is not null)
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(_answer));
            }
            else
            {
                await stream.ReadAtLeastAsync(buffer, 1, throwOnEndOfStream: false);
            }
        }
    }
}
