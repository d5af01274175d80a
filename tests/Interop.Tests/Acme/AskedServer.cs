using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace IoTPlatform.Interop.Tests.Acme;

/// <summary>Whom Caddy asks whether it may have a certificate for a name that somebody came with (<c>on_demand_tls</c>, <c>ask</c>).</summary>
internal sealed class AskedServer : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly IReadOnlyList<string> _allowed;
    private readonly Task _serving;

    public AskedServer(int port, IReadOnlyList<string> allowed)
    {
        _allowed = allowed;
        Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Url { get; }

    /// <summary>Names that were asked about.</summary>
    public ConcurrentQueue<string?> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var response = context.Response;
                var name = context.Request.QueryString["domain"];
                Asked.Enqueue(name);
                response.StatusCode = (int)(_allowed.Contains(name, StringComparer.Ordinal) ? HttpStatusCode.OK : HttpStatusCode.Forbidden);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
