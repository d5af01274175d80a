using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>The authorization code flow with PKCE as a browser and a client's server do it, in one place.</summary>
internal sealed class FormLogin(KeycloakServer keycloak, string realm) : IDisposable
{
    private const int MaxSteps = 15;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });

    // By hand: Keycloak's cookies are Secure, and a cookie container would not send them over http, also not on loopback.
    private readonly Dictionary<(string Path, string Name), string> _cookies = [];

    /// <param name="clientId">The client that signs somebody in.</param>
    /// <param name="clientSecret">Its secret.</param>
    /// <param name="redirectUri">Where it gets the code.</param>
    /// <param name="username">What the person types.</param>
    /// <param name="password">What the person types.</param>
    /// <param name="identityProvider">Alias of the identity provider to go to at once; null: the realm's own form.</param>
    public async Task<JsonNode> TokensAsync(string clientId, string clientSecret, string redirectUri, string username, string password, string? identityProvider = null)
    {
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var start = $"{keycloak.Issuer(realm)}/protocol/openid-connect/auth?client_id={clientId}&response_type=code&scope=openid&state=s&nonce=n"
            + $"&redirect_uri={Uri.EscapeDataString(redirectUri)}&code_challenge={challenge}&code_challenge_method=S256&kc_idp_hint={identityProvider}";
        var end = await BrowseAsync(new Uri(start), redirectUri, username, password);
        var code = Regex.Match(end, "[?&]code=([^&]+)", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value;
        code.ShouldNotBeEmpty(end);
        return await keycloak.TokensAsync(
            realm, ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", verifier), ("client_id", clientId), ("client_secret", clientSecret));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Follows redirects and fills in the one login form, until the client's own address comes.</summary>
    private async Task<string> BrowseAsync(Uri start, string redirectUri, string username, string password)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, start);
        var typed = false;
        for (var step = 0; step < MaxSteps; step++)
        {
            using var response = await SendAsync(request);
            if (response.Headers.Location is { } location)
            {
                var next = new Uri(request.RequestUri!, location);
                if (next.AbsoluteUri.StartsWith(redirectUri, StringComparison.Ordinal))
                    return next.AbsoluteUri;
                request = new HttpRequestMessage(HttpMethod.Get, next);
                continue;
            }

            var page = await response.Content.ReadAsStringAsync();
            var action = WebUtility.HtmlDecode(Regex.Match(page, "id=\"kc-form-login\"[^>]*action=\"([^\"]+)\"", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value);
            if (typed || action.Length == 0)
                throw new InvalidOperationException($"{request.RequestUri} shows ({(int)response.StatusCode}): {Regex.Replace(Regex.Replace(page, "(?s)<(script|style).*?</\\1>", "", RegexOptions.None, TimeSpan.FromSeconds(5)), "<[^>]+>|\\s+", " ", RegexOptions.None, TimeSpan.FromSeconds(5))}");
            typed = true;
            request = new HttpRequestMessage(HttpMethod.Post, action) { Content = new FormUrlEncodedContent([KeyValuePair.Create("username", username), KeyValuePair.Create("password", password)]) };
        }

        throw new InvalidOperationException("The login goes round in circles.");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath;
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", _cookies.Where(c => path.StartsWith(c.Key.Path, StringComparison.Ordinal)).Select(c => $"{c.Key.Name}={c.Value}")));
        var response = await _http.SendAsync(request);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            var parts = cookie.Split(';', StringSplitOptions.TrimEntries);
            var pair = parts[0].Split('=', 2);
            var scope = parts.FirstOrDefault(p => p.StartsWith("Path=", StringComparison.OrdinalIgnoreCase))?[5..] ?? "/";
            _cookies[(scope, pair[0])] = pair[1];
        }

        return response;
    }
}
