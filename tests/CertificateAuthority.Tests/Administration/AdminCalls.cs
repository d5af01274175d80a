using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Administration;

/// <summary>Calls of the administration API as step makes them, with a token for each, and tokens as dishonest callers make them.</summary>
internal static class AdminCalls
{
    private static readonly Dictionary<string, HttpMethod> Methods = new(StringComparer.Ordinal)
    {
        ["GET"] = HttpMethod.Get,
        ["POST"] = HttpMethod.Post,
        ["PUT"] = HttpMethod.Put,
        ["PATCH"] = HttpMethod.Patch,
        ["DELETE"] = HttpMethod.Delete,
    };

    /// <summary>The claims of an honest token, for a test to bend.</summary>
    /// <param name="server">Where it is for.</param>
    /// <param name="path">Without a query.</param>
    /// <param name="subject">The certificate's.</param>
    public static JsonObject Claims(Uri server, string path, string subject)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["aud"] = server.GetLeftPart(UriPartial.Authority) + path,
            ["exp"] = now + 300,
            ["iat"] = now,
            ["iss"] = "step-admin-client/1.0",
            ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
            ["nbf"] = now,
            ["sub"] = subject,
        };
    }

    public static string Token(JsonObject claims, X509Certificate2 certificate, ECDsa? key = null, params X509Certificate2[] issuers)
    {
        var header = new JsonObject { ["alg"] = "ES256", ["typ"] = "JWT", ["x5c"] = new JsonArray([.. issuers.Prepend(certificate).Select(one => JsonValue.Create(Convert.ToBase64String(one.RawData)))]) };
        var input = $"{Base64Url(header)}.{Base64Url(claims)}";
        using var own = certificate.GetECDsaPrivateKey();
        return $"{input}.{System.Buffers.Text.Base64Url.EncodeToString((key ?? own!).SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    /// <summary>With a token of its own.</summary>
    public static Task<StepCaReply> AdminAsync(this HttpClient client, X509Certificate2 certificate, string call, JsonNode? body = null, params X509Certificate2[] issuers)
    {
        var path = call.Split(' ')[1].Split('?')[0];
        return client.SendAdminAsync(call, Token(Claims(client.BaseAddress!, Uri.UnescapeDataString(path), certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false)), certificate, key: null, issuers), body);
    }

    /// <param name="call">Method and path.</param>
    public static async Task<StepCaReply> SendAdminAsync(this HttpClient client, string call, string? token, JsonNode? body = null)
    {
        var (method, path) = (call.Split(' ')[0], call.Split(' ')[1]);
        using var request = new HttpRequestMessage(Methods[method], path) { Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", token);
        }

        using var response = await client.SendAsync(request);
        return await StepCaReply.ReadAsync(response);
    }

    public static void ShouldBe(this StepCaReply reply, HttpStatusCode status, string type)
    {
        reply.Status.ShouldBe(status, reply.Body);
        reply.Json.GetProperty("type").GetString().ShouldBe(type);
        reply.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "detail", "message"]);
    }

    /// <summary>A JWK provisioner in the form of the administration API, and its private key.</summary>
    public static (JsonObject Provisioner, EcSignatureKey Key) Jwk(string name)
    {
        var key = StepCaCalls.NewKey();
        var jwk = JsonWebKey.FromPrivateKey(key);
        jwk.KeyId = jwk.Thumbprint();
        return (new JsonObject
        {
            ["type"] = "JWK",
            ["name"] = name,
            ["details"] = new JsonObject { ["JWK"] = new JsonObject { ["publicKey"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(jwk.ToPublic().ToJson())) } },
            ["claims"] = new JsonObject { ["x509"] = new JsonObject { ["enabled"] = true, ["durations"] = new JsonObject { ["default"] = "2h", ["max"] = "12h0m0s" } } },
        }, new EcSignatureKey(key, jwk.KeyId!));
    }

    private static string Base64Url(JsonNode json) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
