using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>A host with its own issuer, two tenants' clients and one for the API, and an account for each role.</summary>
public sealed class IssuerFixture : IAsyncLifetime
{
    public const string Acme = "cdm-federation-acme";
    public const string Globex = "cdm-federation-globex";
    public const string Api = "api-client";
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });

    internal PortalApp Portal { get; private set; } = null!;

    internal TestApp App => Portal.App;

    internal string Issuer => Portal.Url + "realms/cdm";

    public async Task InitializeAsync()
    {
        Portal = await PortalApp.StartAsync(realm: "cdm");
        foreach (var (name, role) in new[] { ("ada", Roles.Admin), ("oli", Roles.Operator), ("vic", Roles.Viewer) })
        {
            await App.Accounts.CreateAsync(name, TestApp.Password, [role], default);
        }

        foreach (var client in new[] { Acme, Globex, Api })
        {
            await App.Services.GetRequiredService<IssuerClients>().EnsureAsync(
                new IssuerClient
                {
                    ClientId = client,
                    DisplayName = $"The {client}",
                    RedirectUri = new Uri(CallbackOf(client)),
                    PostLogoutRedirectUri = new Uri(CallbackOf(client) + "/logout_response"),
                    IsFederation = client != Api,
                },
                SecretOf(client), default);
        }
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        if (Portal is not null)
        {
            await Portal.DisposeAsync();
        }
    }

    public static string CallbackOf(string client) => $"https://{client}.example/Broker/endpoint";

    public static string SecretOf(string client) => $"the secret of {client}";

    internal Uri Endpoint(string name) => new($"{Issuer}/protocol/openid-connect/{name}");

    /// <summary>Signs in on the page that the request leads to, and comes as far as the client's callback.</summary>
    internal async Task<BrowserPage> SignInAsync(Browser browser, AuthorizationRequest request, string username, string password = TestApp.Password)
    {
        var page = await browser.GetAsync(request.Url(this), CallbackOf(request.ClientId));
        return await browser.SubmitAsync(page, "sign-in", CallbackOf(request.ClientId), ("username", username), ("password", password));
    }

    /// <summary>The code that an account gets for a request.</summary>
    internal async Task<string> CodeAsync(AuthorizationRequest request, string username = "ada", Browser? browser = null)
    {
        using var own = new Browser();
        return Parameter(await SignInAsync(browser ?? own, request, username), "code")!;
    }

    internal Task<TokenAnswer> RedeemAsync(AuthorizationRequest request, string code, string? verifier = null, string? client = null, string? redirectUri = null) => TokenAsync(
        client ?? request.ClientId,
        ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri ?? request.RedirectUri), ("code_verifier", verifier ?? request.Verifier));

    internal Task<TokenAnswer> RefreshAsync(string client, string refreshToken) => TokenAsync(client, ("grant_type", "refresh_token"), ("refresh_token", refreshToken));

    internal async Task<TokenAnswer> SignedInAsync(string client, string username, Browser? browser = null)
    {
        var request = new AuthorizationRequest { ClientId = client, Scope = client == Api ? "openid iot-bridge-api" : "openid profile email" };
        return await RedeemAsync(request, await CodeAsync(request, username, browser));
    }

    internal Task<TokenAnswer> TokenAsync(string client, params (string Name, string Value)[] form) => PostAsync("token", client, SecretOf(client), form);

    internal async Task<TokenAnswer> PostAsync(string endpoint, string client, string secret, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint(endpoint)) { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(client)}:{Uri.EscapeDataString(secret)}")));
        return await TokenAnswer.OfAsync(await _http.SendAsync(request));
    }

    /// <summary>As a client that has no secret, or sends it in the form.</summary>
    internal Task<TokenAnswer> PostAsync(string endpoint, (string Name, string Value)[] form) => PostAsync(Endpoint(endpoint), form);

    internal async Task<TokenAnswer> PostAsync(Uri endpoint, (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return await TokenAnswer.OfAsync(await _http.PostAsync(endpoint, content));
    }

    internal Task<TokenAnswer> GetAsync(Uri url, string? bearer = null) => SendAsync(HttpMethod.Get, url, bearer);

    internal async Task<TokenAnswer> SendAsync(HttpMethod method, Uri url, string? bearer, string? json = null)
    {
        using var request = new HttpRequestMessage(method, url) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return await TokenAnswer.OfAsync(await _http.SendAsync(request));
    }

    internal static string? Parameter(BrowserPage page, string name) => QueryHelpers.ParseQuery(page.Url.Query).TryGetValue(name, out var value) ? value.ToString() : null;
}

/// <summary>A client's request, right in every part unless a test says otherwise.</summary>
internal sealed record AuthorizationRequest
{
    public string ClientId { get; init; } = IssuerFixture.Acme;

    public string RedirectUri
    {
        get => field ?? IssuerFixture.CallbackOf(ClientId);
        init;
    }

    public string Scope { get; init; } = "openid profile email";

    public string State { get; init; } = "state-1";

    public string Nonce { get; init; } = "nonce-1";

    public string Verifier { get; init; } = new('v', 64);

    public string? ChallengeMethod { get; init; } = "S256";

    public string ResponseType { get; init; } = "code";

    public string? Prompt { get; init; }

    public string? MaxAge { get; init; }

    public string Query()
    {
        var challenge = System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));
        var parameters = new Dictionary<string, string?>
        {
            ["client_id"] = ClientId,
            ["redirect_uri"] = RedirectUri,
            ["response_type"] = ResponseType,
            ["scope"] = Scope,
            ["state"] = State,
            ["nonce"] = Nonce,
            ["code_challenge"] = ChallengeMethod is null ? null : ChallengeMethod == "plain" ? Verifier : challenge,
            ["code_challenge_method"] = ChallengeMethod,
            ["prompt"] = Prompt,
            ["max_age"] = MaxAge,
        };
        return QueryHelpers.AddQueryString("", parameters);
    }

    public Uri Url(IssuerFixture fixture) => new(fixture.Endpoint("auth") + Query());
}

/// <summary>What an endpoint answered.</summary>
internal sealed record TokenAnswer(int Status, JsonObject Json, string Text)
{
    public string? this[string name] => (string?)Json[name];

    public string Error => $"{Status} {this["error"]}";

    public JsonObject Claims(string token) => (JsonObject)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(this[token]!.Split('.')[1]))!;

    public static async Task<TokenAnswer> OfAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            return new TokenAnswer((int)response.StatusCode, text.StartsWith('{') ? (JsonObject)JsonNode.Parse(text)! : [], text);
        }
    }
}
