using System.Globalization;
using System.Net;

namespace IoTPlatform.Interop.Tests.Acme;

/// <summary>The web server of those clients that have none: a folder's files at the well-known path of http-01.</summary>
internal sealed class ChallengeFolder : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    private ChallengeFolder(string path, int port)
    {
        Path = path;
        Directory.CreateDirectory(path);
        _listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://*:{port}/.well-known/acme-challenge/"));
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Path { get; }

    public static ChallengeFolder Serve(string path, int port) => new(path, port);

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
                var file = System.IO.Path.Combine(Path, System.IO.Path.GetFileName(context.Request.Url!.AbsolutePath));
                using var response = context.Response;
                response.StatusCode = File.Exists(file) ? 200 : 404;
                if (File.Exists(file))
                {
                    await response.OutputStream.WriteAsync(await File.ReadAllBytesAsync(file));
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
