using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.EndToEnd.Tests.Hostile;

/// <summary>An HTTPS server with any certificate; keeps what it is sent and answers one document to everything that is asked.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SslStreamCertificateContext _certificate;
    private readonly Func<string, byte[]?> _answer;
    private readonly Task _serving;

    /// <param name="certificate">With its key.</param>
    /// <param name="issuers">Sent along.</param>
    /// <param name="answer">By request line; null: 404.</param>
    public HostileServer(X509Certificate2 certificate, X509Certificate2Collection issuers, Func<string, byte[]?> answer)
    {
        _certificate = SslStreamCertificateContext.Create(certificate, issuers, offline: true);
        _answer = answer;
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Url => new($"https://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Heads and bodies, as they came.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(TcpClient connection)
    {
        using var owned = connection;
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate }, _stop.Token);
            var buffer = new byte[64 * 1024];
            for (var length = await tls.ReadAsync(buffer, _stop.Token); length > 0; length = await tls.ReadAsync(buffer, _stop.Token))
            {
                var request = Encoding.UTF8.GetString(buffer, 0, length);
                _requests.Enqueue(request);
                await tls.WriteAsync(Response(_answer(request.Split('\r')[0])), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException)
        {
            // The client ended the connection.
        }
    }

    private static byte[] Response(byte[]? body) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {(body is null ? "404 Not Found" : "200 OK")}\r\nContent-Length: {body?.Length ?? 0}\r\n\r\n"), .. body ?? []];
}
