using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Testing;

/// <summary>Calls of step-ca's administration API, each with a token that the admin's certificate signs, as step makes them.</summary>
public static class AdministrationCall
{
    /// <param name="http">To the authority, by the name that the token is for.</param>
    /// <param name="certificate">PEM file of the admin's certificate and its issuers.</param>
    /// <param name="key">PEM file.</param>
    /// <param name="path">Without a query.</param>
    /// <param name="body">Null: GET; else it is posted.</param>
    public static async Task<HttpStatusCode> SendAsync(HttpClient http, string certificate, string key, string path, JsonObject? body = null)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificate);
        using var own = ECDsa.Create();
        own.ImportFromPem(await File.ReadAllTextAsync(key));
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var input = Encode(new JsonObject { ["alg"] = "ES256", ["typ"] = "JWT", ["x5c"] = new JsonArray([.. chain.Select(one => JsonValue.Create(Convert.ToBase64String(one.RawDataMemory.Span)))]) }) + "." + Encode(new JsonObject
        {
            ["aud"] = http.BaseAddress!.GetLeftPart(UriPartial.Authority) + path,
            ["exp"] = now + 300,
            ["iat"] = now,
            ["iss"] = "step-admin-client/1.0",
            ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
            ["nbf"] = now,
            ["sub"] = chain[0].GetNameInfo(X509NameType.SimpleName, forIssuer: false),
        });
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path) { Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", $"{input}.{Base64Url.EncodeToString(own.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}");
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
