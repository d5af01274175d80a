using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>Calls as a step client makes them, and tokens as honest and dishonest callers make them.</summary>
public static class StepCaCalls
{
    public const string Unauthorized = "The request lacked necessary authorization to be completed. Please see the certificate authority logs for more info.";

    /// <summary>The claims of an honest token, for a test to bend.</summary>
    public static JsonObject Claims(this CaHost host, string subject, string operation = "sign", params string[] sans)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["aud"] = $"{host.Url.GetLeftPart(UriPartial.Authority)}/1.0/{operation}",
            ["exp"] = now + 300,
            ["iat"] = now,
            ["iss"] = "iot-bridge",
            ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
            ["nbf"] = now,
            ["sans"] = new JsonArray([.. (sans.Length == 0 ? [subject] : sans).Select(s => JsonValue.Create(s))]),
            ["sha"] = host.RootFingerprint,
            ["sub"] = subject,
        };
    }

    public static string Token(this CaHost host, JsonObject claims, ISignatureKey? key = null) => Jwt.Sign(claims, key ?? host.TokenKey);

    public static string Token(this CaHost host, string subject, params string[] sans) => host.Token(host.Claims(subject, "sign", sans));

    public static string RevokeToken(this CaHost host, string serial) => host.Token(host.Claims(serial, "revoke"));

    public static string Csr(ECDsa key, string? cn, params string[] sans) => CertificateSigningRequest.CreatePem(key, SubjectNames.FromSans(cn, sans));

    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static Task<StepCaReply> SignAsync(this HttpClient client, string csr, string token, params (string Name, string Value)[] more)
    {
        var body = new JsonObject { ["csr"] = csr, ["ott"] = token };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        return client.SendAsync("/1.0/sign", body.ToJsonString());
    }

    public static Task<StepCaReply> RevokeAsync(this HttpClient client, string serial, string? token = null, int reasonCode = 0, bool passive = true, string? reason = null)
    {
        var body = new JsonObject { ["serial"] = serial, ["reasonCode"] = reasonCode, ["reason"] = reason, ["passive"] = passive };
        if (token is not null)
        {
            body["ott"] = token;
        }

        return client.SendAsync("/1.0/revoke", body.ToJsonString());
    }

    public static async Task<StepCaReply> SendAsync(this HttpClient client, string path, string body, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var response = await client.SendAsync(request);
        return await StepCaReply.ReadAsync(response);
    }

    public static async Task<StepCaReply> ReadAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return await StepCaReply.ReadAsync(response);
    }

    /// <summary>A fresh certificate with its key, for mTLS.</summary>
    public static async Task<X509Certificate2> EnrollAsync(this CaHost host, string name, params (string Name, string Value)[] more)
    {
        using var client = host.Client();
        using var key = NewKey();
        var reply = await client.SignAsync(Csr(key, name, name), host.Token(name), more);
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        return leaf.CopyWithPrivateKey(key);
    }

    /// <summary>OpenSSL, which knows the root alone, takes it by the letter of RFC 5280.</summary>
    /// <param name="purpose">sslserver, sslclient; null: whatever for.</param>
    public static async Task ShouldVerifyByOpenSslAsync(this CaHost host, X509Certificate2 certificate, string? purpose) =>
        (await OpenSsl.VerifyAsync(host.Authority.Time.GetUtcNow(), purpose, [certificate, .. host.Authority.Chain.Intermediates, host.Root])).EnsureSuccess();

    public static string Serial(this X509Certificate2 certificate) => SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span);
}
