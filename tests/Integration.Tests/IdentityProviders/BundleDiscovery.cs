using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Join;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>What a JOIN bundle says of the identity provider, looked at as a client would: every address is served, and the credentials open the token endpoint.</summary>
internal static class BundleDiscovery
{
    private const string WellKnown = "/.well-known/openid-configuration";
    private const string RedirectUri = "https://not-registered.example/";
    private static readonly string[] Needed = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint", "revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint", "jwks_uri"];
    private static readonly string[] Fetched = ["authorization_endpoint", "userinfo_endpoint", "end_session_endpoint", "jwks_uri"];

    /// <returns>The issuer.</returns>
    /// <param name="bundle">The tenant's.</param>
    /// <param name="hasClient">False: the tenant has not said where it takes logins.</param>
    public static async Task<string> IsServedAsync(JoinBundle bundle, bool hasClient = true)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        var document = await DocumentAsync(http, new Uri(bundle.CdmDiscoveryUrl!));
        ((string?)document["issuer"] + WellKnown).ShouldBe(bundle.CdmDiscoveryUrl);
        Needed.Where(name => !document.ContainsKey(name)).ShouldBeEmpty();
        foreach (var (name, address) in document.Where(member => member.Key == "jwks_uri" || member.Key.EndsWith("_endpoint", StringComparison.Ordinal)))
        {
            using var answer = await AskAsync(http, name, new Uri((string)address!));
            answer.StatusCode.ShouldNotBeOneOf([HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed], $"{name} {address}");
            ((int)answer.StatusCode).ShouldBeLessThan(500, $"{name} {address}");
        }

        // A client that proved itself hears of its code; one that did not, of itself (RFC 6749 section 5.2).
        (await RefusalAsync(http, new Uri((string)document["token_endpoint"]!), bundle)).ShouldBe(hasClient ? "invalid_grant" : "invalid_client");
        return (string)document["issuer"]!;
    }

    private static async Task<JsonObject> DocumentAsync(HttpClient http, Uri url)
    {
        using var answer = await http.GetAsync(url);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, url.AbsoluteUri);
        return (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient http, string name, Uri address)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("client_id", "nobody")]);
        return Fetched.Contains(name) ? await http.GetAsync(address) : await http.PostAsync(address, form);
    }

    private static async Task<string?> RefusalAsync(HttpClient http, Uri tokenEndpoint, JoinBundle bundle)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, tokenEndpoint)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "authorization_code",
                ["code"] = "none",
                ["redirect_uri"] = RedirectUri,
                ["code_verifier"] = new('v', 64),
            }),
        };
        var credentials = $"{Uri.EscapeDataString(bundle.CdmIdpClientId!)}:{Uri.EscapeDataString(bundle.CdmIdpClientSecret!)}";
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        using var answer = await http.SendAsync(request);
        return (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"];
    }
}
