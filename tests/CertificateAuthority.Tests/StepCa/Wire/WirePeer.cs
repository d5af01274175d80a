using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Provisioners;
using IoTPlatform.Jose;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>One of two authorities with the same provisioners.</summary>
/// <param name="url">Where it listens.</param>
/// <param name="root">That its servers are under.</param>
/// <param name="key">Of its JWK provisioner.</param>
internal sealed class WirePeer(Uri url, X509Certificate2 root, EcSignatureKey key)
{
    /// <summary>PEM, of what was enrolled.</summary>
    private string? _issuer;

    public EcSignatureKey Key => key;

    public X509Certificate2 Root => root;

    public static string Body(string? csr, string? token, params (string Name, JsonNode? Value)[] more)
    {
        var body = new JsonObject { ["csr"] = csr, ["ott"] = token };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        return body.ToJsonString();
    }

    /// <summary>The claims of an honest token.</summary>
    /// <param name="change">Null: none.</param>
    public JsonObject Claims(string subject, string operation = "sign", Action<JsonObject>? change = null, params string[] sans)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["aud"] = $"{url.GetLeftPart(UriPartial.Authority)}/1.0/{operation}",
            ["exp"] = now + 300,
            ["iat"] = now,
            ["iss"] = WirePeers.Jwk,
            ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
            ["nbf"] = now,
            ["sans"] = new JsonArray([.. (sans.Length == 0 ? [subject] : sans).Select(name => JsonValue.Create(name))]),
            ["sha"] = Pki.Fingerprint.Of(root),
            ["sub"] = subject,
        };
        change?.Invoke(claims);
        return claims;
    }

    public string Token(string subject, string operation = "sign", Action<JsonObject>? change = null, params string[] sans) => Jwt.Sign(Claims(subject, operation, change, sans), key);

    /// <summary>As <c>step ca renew</c> makes it where it can't use TLS.</summary>
    public string RenewToken(X509Certificate2 certificate, Action<JsonObject>? change = null)
    {
        var claims = Claims(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), "renew");
        claims["iss"] = "step-ca-client/1.0";
        change?.Invoke(claims);
        return ByCertificate(claims, "x5cInsecure", certificate, X509Certificate2.CreateFromPem(_issuer));
    }

    /// <summary>Of the X5C provisioner.</summary>
    public string CertificateToken(X509Certificate2 certificate, string subject, Action<JsonObject>? change = null, string operation = "sign")
    {
        var claims = Claims(subject, operation);
        (claims["iss"], claims["aud"]) = (WirePeers.X5c, $"{claims["aud"]}#x5c/{WirePeers.X5c}");
        change?.Invoke(claims);
        return ByCertificate(claims, "x5c", certificate);
    }

    private static string ByCertificate(JsonObject claims, string header, params X509Certificate2[] chain)
    {
        using var own = new EcSignatureKey(chain[0].GetECDsaPrivateKey()!);
        return CompactJws.Sign(
            new Dictionary<string, object>(StringComparer.Ordinal) { ["typ"] = "JWT", [header] = chain.Select(one => Convert.ToBase64String(one.RawData)).ToArray() }, Encoding.UTF8.GetBytes(claims.ToJsonString()), own);
    }

    /// <summary>The answer as a line; <c>no answer</c> where the connection breaks.</summary>
    public async Task<string> AskAsync(string method, string path, string? body = null, X509Certificate2? certificate = null, string? authorization = null, string contentType = "application/json")
    {
        using var client = AnyServerHttp.Create(url, [root], certificate, TimeSpan.FromSeconds(30));
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, contentType);
            // Waits for a refusal before it sends a large body.
            request.Headers.ExpectContinue = body.Length > 100_000 ? true : null;
        }

        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        try
        {
            using var response = await client.SendAsync(request);
            return await WireAnswer.ReadAsync(response);
        }
        catch (HttpRequestException)
        {
            return "no answer";
        }
    }

    public Task<string> SignAsync(string csr, string token, params (string Name, JsonNode? Value)[] more) => AskAsync("POST", "/1.0/sign", Body(csr, token, more));

    /// <summary>With the subject's own names.</summary>
    public Task<string> SignAsync(string token) => SignAsync(Csr("wire.test", "wire.test"), token);

    public Task<string> RevokeAsync(string serial, string? token, int reasonCode = 0, X509Certificate2? certificate = null, params (string Name, JsonNode? Value)[] more)
    {
        var body = new JsonObject { ["serial"] = serial, ["ott"] = token, ["reasonCode"] = reasonCode, ["passive"] = true };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        return AskAsync("POST", "/1.0/revoke", body.ToJsonString(), certificate);
    }

    public static string Csr(string? cn, params string[] sans)
    {
        using var key = StepCaCalls.NewKey();
        return StepCaCalls.Csr(key, cn, sans);
    }

    /// <summary>A fresh certificate with its key.</summary>
    /// <param name="tokenFor">Null: a one-time token.</param>
    public async Task<X509Certificate2> EnrollAsync(Func<string, string>? tokenFor = null)
    {
        var name = $"wire-{RandomNumberGenerator.GetHexString(8, lowercase: true)}.test";
        using var client = AnyServerHttp.Create(url, [root], client: null, TimeSpan.FromSeconds(30));
        using var leafKey = StepCaCalls.NewKey();
        var reply = await client.SignAsync(StepCaCalls.Csr(leafKey, name, name), tokenFor?.Invoke(name) ?? Token(name));
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        _issuer = reply.Json.GetProperty("ca").GetString();
        return reply.Certificate.CopyWithPrivateKey(leafKey);
    }

    public async Task<string> HeadersAsync(string path)
    {
        using var client = AnyServerHttp.Create(url, [root], client: null, TimeSpan.FromSeconds(30));
        using var response = await client.GetAsync(path);
        return WireAnswer.HeadersOf(response);
    }

    /// <summary>As the list has it.</summary>
    public async Task<string> ProvisionerAsync(string name)
    {
        using var client = AnyServerHttp.Create(url, [root], client: null, TimeSpan.FromSeconds(30));
        return WireAnswer.ProvisionerOf((await client.ReadAsync("/provisioners")).Json.GetProperty("provisioners").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name));
    }

    /// <summary>Every page of one provisioner, and how many there were.</summary>
    public async Task<string> ProvisionersByOneAsync()
    {
        using var client = AnyServerHttp.Create(url, [root], client: null, TimeSpan.FromSeconds(30));
        List<string> pages = [];
        for (var cursor = ""; pages.Count < 10;)
        {
            var page = (await client.ReadAsync($"/1.0/provisioners?limit=1&cursor={Uri.EscapeDataString(cursor)}")).Json;
            pages.Add(string.Join('+', page.GetProperty("provisioners").EnumerateArray().Select(one => one.GetProperty("name").GetString())));
            if ((cursor = page.GetProperty("nextCursor").GetString()!).Length == 0)
            {
                break;
            }
        }

        return string.Join(", ", pages.Order(StringComparer.Ordinal));
    }
}
