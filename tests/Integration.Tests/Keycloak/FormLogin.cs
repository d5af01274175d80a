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
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });

    // By hand: Keycloak's cookies are Secure, and a cookie container would not send them over http, also not on loopback.
    private readonly Dictionary<string, string> _cookies = [];

    public async Task<JsonNode> TokensAsync(string clientId, string clientSecret, string redirectUri, string username, string password)
    {
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var start = $"{keycloak.Issuer(realm)}/protocol/openid-connect/auth?client_id={clientId}&response_type=code&scope=openid&state=s&nonce=n"
            + $"&redirect_uri={Uri.EscapeDataString(redirectUri)}&code_challenge={challenge}&code_challenge_method=S256";
        using var page = await SendAsync(new HttpRequestMessage(HttpMethod.Get, start));
        var action = WebUtility.HtmlDecode(Regex.Match(await page.Content.ReadAsStringAsync(), "action=\"([^\"]+)\"", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value);
        using var form = new HttpRequestMessage(HttpMethod.Post, action) { Content = new FormUrlEncodedContent([KeyValuePair.Create("username", username), KeyValuePair.Create("password", password)]) };
        using var answer = await SendAsync(form);
        var location = answer.Headers.Location?.ToString() ?? throw new InvalidOperationException($"{(int)answer.StatusCode} instead of a redirect with a code");
        location.ShouldStartWith(redirectUri);
        var code = Regex.Match(location, "[?&]code=([^&]+)", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value;
        return await keycloak.TokensAsync(
            realm, ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", verifier), ("client_id", clientId), ("client_secret", clientSecret));
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}")));
        var response = await _http.SendAsync(request);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            var pair = cookie.Split(';')[0].Split('=', 2);
            _cookies[pair[0]] = pair[1];
        }

        return response;
    }
}
