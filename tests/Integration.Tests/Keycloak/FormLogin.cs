using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>The authorization code flow with PKCE as a browser and a client's server do it, in one place.</summary>
internal sealed class FormLogin(KeycloakServer keycloak, string realm) : IDisposable
{
    private readonly Browser _browser = new();

    /// <summary>The tokens. Throws with what Keycloak shows when it does not let this person in.</summary>
    /// <param name="clientId">The client of the login.</param>
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
        var end = await _browser.SubmitAsync(await _browser.GetAsync(new Uri(start)), "login-actions", stopAt: redirectUri, ("username", username), ("password", password));
        var code = Regex.Match(end.Url.Query, "[?&]code=([^&]+)", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value;
        return code.Length > 0
            ? await keycloak.TokensAsync(
                realm, ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", verifier), ("client_id", clientId), ("client_secret", clientSecret))
            : throw new InvalidOperationException($"{end.Url} shows ({(int)end.Status}): {end.Text}");
    }

    public void Dispose() => _browser.Dispose();
}
