using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>An ACME client that can also do what no good one does.</summary>
internal sealed class AcmeClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _base;

    public AcmeClient(CaHost ca, string provisioner, ECDsa? key = null) : this(ca.Client(), ca.Url, provisioner, key)
    {
    }

    /// <param name="http">Its own from now on.</param>
    /// <param name="url">Of any ACME server with step-ca's addresses.</param>
    /// <param name="provisioner">Whose server.</param>
    /// <param name="key">Of the account; null: a new one.</param>
    public AcmeClient(HttpClient http, Uri url, string provisioner, ECDsa? key = null)
    {
        _http = http;
        _base = new Uri(url, $"acme/{provisioner}").AbsoluteUri;
        Key = key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
    }

    public ECDsa Key { get; private set; }

    public string? Account { get; set; }

    public JsonWebKey PublicKey => JsonWebKey.FromPublicKey(Key);

    public string At(string path) => $"{_base}/{path}";

    public void Dispose() => _http.Dispose();

    public async Task<string> NonceAsync()
    {
        using var response = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, At("new-nonce")));
        response.EnsureSuccessStatusCode();
        return response.Headers.GetValues("Replay-Nonce").Single();
    }

    public async Task<AcmeReply> RegisterAsync(object? account = null)
    {
        Account = null;
        var reply = await PostAsync(At("new-account"), account ?? new { termsOfServiceAgreed = true, contact = new[] { "mailto:ops@iot.example" } });
        Account = reply.Location;
        return reply;
    }

    public void UseKey(ECDsa key) => Key = key;

    /// <summary>POST-as-GET.</summary>
    public Task<AcmeReply> GetAsync(string url) => PostAsync(url, payload: null);

    public async Task<AcmeReply> PostAsync(string url, object? payload) => await SendAsync(url, Sign(url, payload, await NonceAsync()));

    /// <param name="url">In the header.</param>
    /// <param name="payload">Null: none.</param>
    /// <param name="nonce">In the header; null: none.</param>
    /// <param name="more">Changes the header before it is signed.</param>
    public string Sign(string url, object? payload, string? nonce, Action<Dictionary<string, object>>? more = null)
    {
        var header = new Dictionary<string, object> { ["url"] = url };
        if (nonce is not null)
        {
            header["nonce"] = nonce;
        }

        if (Account is null)
        {
            header["jwk"] = PublicKey;
        }
        else
        {
            header["kid"] = Account;
        }

        more?.Invoke(header);
        return Flatten(CompactJws.Sign(header, payload is null ? [] : JsonSerializer.SerializeToUtf8Bytes(payload), new EcSignatureKey(Key)));
    }

    public static string Flatten(string compact)
    {
        var parts = compact.Split('.');
        return JsonSerializer.Serialize(new { @protected = parts[0], payload = parts[1], signature = parts[2] });
    }

    public async Task<AcmeReply> SendAsync(string url, string body, string contentType = "application/jose+json")
    {
        using var content = new StringContent(body, Encoding.UTF8) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };
        using var response = await _http.PostAsync(new Uri(url), content);
        return await ReplyAsync(response);
    }

    /// <summary>Without a signature.</summary>
    public async Task<AcmeReply> AskAsync(HttpMethod method, string url)
    {
        using var request = new HttpRequestMessage(method, new Uri(url));
        using var response = await _http.SendAsync(request);
        return await ReplyAsync(response);
    }

    private static async Task<AcmeReply> ReplyAsync(HttpResponseMessage response)
    {
        return new AcmeReply(
            response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Location?.OriginalString, response.Content.Headers.ContentType?.MediaType,
            response.Headers.TryGetValues("Replay-Nonce", out var nonces) ? nonces.Single() : null, response.Headers.RetryAfter?.Delta,
            response.Headers.TryGetValues("Link", out var links) ? [.. links] : []);
    }

    public Task<AcmeReply> OrderAsync(params string[] names) => PostAsync(At("new-order"), new { identifiers = names.Select(Identifier) });

    public static object Identifier(string name) => new { type = IPAddress.TryParse(name, out _) ? "ip" : "dns", value = name };

    /// <summary>RFC 8555 7.3.5. The account's key here stays the old one.</summary>
    public Task<AcmeReply> ChangeKeyAsync(ECDsa next, string? account = null, JsonWebKey? oldKey = null)
    {
        var url = At("key-change");
        var header = new Dictionary<string, object> { ["url"] = url, ["jwk"] = JsonWebKey.FromPublicKey(next) };
        var payload = $$"""{"account":"{{account ?? Account}}","oldKey":{{(oldKey ?? PublicKey).ToJson()}}}""";
        return PostAsync(url, JsonElement.Parse(Flatten(CompactJws.Sign(header, Encoding.UTF8.GetBytes(payload), new EcSignatureKey(next)))));
    }

    /// <summary>What proves that this account asks.</summary>
    public string KeyAuthorization(string token) => $"{token}.{PublicKey.Thumbprint()}";

    public Task<AcmeReply> FinalizeAsync(AcmeReply order, ECDsa key, string? commonName, params string[] names) =>
        PostAsync(order["finalize"], new { csr = Csr(key, commonName, names) });

    public static string Csr(ECDsa key, string? commonName, params string[] names)
    {
        var pem = CertificateSigningRequest.CreatePem(key, SubjectNames.FromSans(commonName, names));
        return System.Buffers.Text.Base64Url.EncodeToString(PemEncoding.Find(pem) is var fields ? Convert.FromBase64String(pem[fields.Base64Data]) : []);
    }
}

internal sealed record AcmeReply(HttpStatusCode Status, string Body, string? Location, string? ContentType, string? Nonce, TimeSpan? RetryAfter, IReadOnlyList<string> Links)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public string this[string member] => Json.GetProperty(member).GetString()!;

    public string ErrorType => this["type"]["urn:ietf:params:acme:error:".Length..];

    public IEnumerable<string> Authorizations => Json.GetProperty("authorizations").EnumerateArray().Select(a => a.GetString()!);

    public JsonElement Challenge(string type) => Json.GetProperty("challenges").EnumerateArray().Single(c => c.GetProperty("type").GetString() == type);

    public AcmeReply ShouldBe(HttpStatusCode status, string errorType)
    {
        Status.ShouldBe(status, Body);
        ContentType.ShouldBe("application/problem+json");
        ErrorType.ShouldBe(errorType, Body);
        Nonce.ShouldNotBeNull();
        return this;
    }
}
