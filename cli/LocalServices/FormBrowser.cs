using System.Net.Security;

namespace IoTPlatform.LocalServices;

/// <summary>
/// As much of a browser as a login needs: redirects, forms, and cookies by host and path. Cookies by hand: a container would not send
/// Secure ones over http on loopback, as browsers do, and a test has to take them away and swap them.
/// </summary>
/// <param name="tls">Whom it trusts.</param>
public class FormBrowser(SslClientAuthenticationOptions tls) : IDisposable
{
    private const int MaxRedirects = 15;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, SslOptions = tls }) { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>By host, path and name.</summary>
    public Dictionary<(string Host, string Path, string Name), string> Cookies { get; } = [];

    /// <summary>What servers asked to set last, attributes and all.</summary>
    public List<string> SetCookies { get; } = [];

    /// <summary>Goes there and on, wherever it leads.</summary>
    /// <param name="url">Where to begin.</param>
    /// <param name="stopAt">An address that is shown instead of gone to; null: none.</param>
    public Task<BrowserPage> GetAsync(Uri url, string? stopAt = null) => GoAsync(() => new HttpRequestMessage(HttpMethod.Get, url), stopAt);

    /// <summary>Sends a form with its hidden fields and these.</summary>
    public Task<BrowserPage> SubmitAsync(BrowserPage page, string action, params (string Name, string Value)[] typed) => SubmitAsync(page, action, stopAt: null, typed);

    public Task<BrowserPage> SubmitAsync(BrowserPage page, string action, string? stopAt, params (string Name, string Value)[] typed)
    {
        var (url, fields) = page.Form(action);
        foreach (var (name, value) in typed)
        {
            fields[name] = value;
        }

        return PostAsync(url, fields, stopAt);
    }

    public Task<BrowserPage> PostAsync(Uri url, IReadOnlyDictionary<string, string> fields, string? stopAt = null) =>
        GoAsync(() => new HttpRequestMessage(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(fields) }, stopAt);

    /// <summary>The cookies of a host, for a request made by hand.</summary>
    public string CookiesFor(Uri url) => string.Join("; ", Cookies.Where(c => c.Key.Host == url.Host && url.AbsolutePath.StartsWith(c.Key.Path, StringComparison.Ordinal)).Select(c => $"{c.Key.Name}={c.Value}"));

    public void Dispose()
    {
        _http.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task<BrowserPage> GoAsync(Func<HttpRequestMessage> first, string? stopAt)
    {
        var request = first();
        for (var step = 0; step < MaxRedirects; step++)
        {
            using var response = await SendAsync(request);
            var page = new BrowserPage { Url = request.RequestUri!, Status = response.StatusCode, Headers = response.Headers, Html = await response.Content.ReadAsStringAsync() };
            if (page.Next is not { } next)
            {
                return page;
            }

            if (stopAt is not null && next.AbsoluteUri.StartsWith(stopAt, StringComparison.Ordinal))
            {
                return page with { Url = next, Html = "" };
            }

            request = new HttpRequestMessage(HttpMethod.Get, next);
        }

        throw new InvalidOperationException($"The way goes round in circles, lastly at {request.RequestUri}.");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        var url = request.RequestUri!;
        request.Headers.TryAddWithoutValidation("Cookie", CookiesFor(url));
        request.Headers.TryAddWithoutValidation("Accept", "text/html, */*"); // some servers show pages to browsers only
        var response = await _http.SendAsync(request);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            SetCookies.Add(cookie);
            var parts = cookie.Split(';', StringSplitOptions.TrimEntries);
            var pair = parts[0].Split('=', 2);
            var path = parts.FirstOrDefault(p => p.StartsWith("path=", StringComparison.OrdinalIgnoreCase))?[5..] ?? "/";
            if (pair[1].Length == 0 || parts.Contains("Max-Age=0", StringComparer.OrdinalIgnoreCase))
            {
                Cookies.Remove((url.Host, path, pair[0]));
            }
            else
            {
                Cookies[(url.Host, path, pair[0])] = pair[1];
            }
        }

        return response;
    }
}
