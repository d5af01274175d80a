using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>A program on a person's machine that gets a certificate for the person's log-in, as step does it.</summary>
internal sealed class CertificateLogin<THost>(THost host) where THost : IdentityProviderHost
{
    private const string Callback = "http://127.0.0.1:48127/";
    private const string Provisioner = "people";

    private string _client = "";

    public async Task AddProvisionerAsync()
    {
        _client = await host.NativeClientAsync();
        var definition = new JsonObject
        {
            ["type"] = "OIDC",
            ["name"] = Provisioner,
            ["clientID"] = _client,
            ["configurationEndpoint"] = host.Issuer + "/.well-known/openid-configuration",
            ["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(host.Root.ExportCertificatePem())),
        };
        using var admin = await host.AdminAsync();
        await admin.SaveProvisionerAsync(Provisioner, JsonSerializer.SerializeToElement(definition));
    }

    /// <summary>By the code flow with PKCE.</summary>
    public async Task<string> IdTokenAsync(string person)
    {
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        var discovery = JsonNode.Parse(await http.GetStringAsync(new Uri(host.Issuer + "/.well-known/openid-configuration")))!;
        var verifier = RandomNumberGenerator.GetHexString(64);
        using var browser = new Browser();
        var form = await browser.GetAsync(new Uri(QueryHelpers.AddQueryString((string)discovery["authorization_endpoint"]!, new Dictionary<string, string?>
        {
            ["client_id"] = _client,
            ["redirect_uri"] = Callback,
            ["response_type"] = "code",
            ["scope"] = "openid email",
            ["state"] = "s",
            ["nonce"] = RandomNumberGenerator.GetHexString(32),
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
        })));
        var end = await host.LetInAsync(browser, await host.SignInAsync(browser, form, person, Callback), Callback);
        QueryHelpers.ParseQuery(end.Url.Query).TryGetValue("code", out var code).ShouldBeTrue($"{end.Url}: {end.Text}");
        using var content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = _client,
            ["code"] = code.ToString(),
            ["redirect_uri"] = Callback,
            ["code_verifier"] = verifier,
        });
        using var response = await http.PostAsync(new Uri((string)discovery["token_endpoint"]!), content);
        var answer = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.OK, answer);
        return (string)JsonNode.Parse(answer)!["id_token"]!;
    }

    /// <summary>Null: the token is refused.</summary>
    public async Task<X509Certificate2?> SignAsync(string token)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var http = AnyServerHttp.Create(host.Url, [host.Root], client: null, TimeSpan.FromSeconds(30));
        var body = new JsonObject { ["csr"] = CertificateSigningRequest.CreatePem(key, SubjectNames.FromSans("whatever.test", ["whatever.test"])), ["ott"] = token };
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri("/1.0/sign", UriKind.Relative), content);
        var answer = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBeOneOf(HttpStatusCode.Created, HttpStatusCode.Unauthorized);
        return response.StatusCode == HttpStatusCode.Created ? X509Certificate2.CreateFromPem((string)JsonNode.Parse(answer)!["crt"]!) : null;
    }

    public static string SubjectOf(string token) => (string)JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!["sub"]!;
}
