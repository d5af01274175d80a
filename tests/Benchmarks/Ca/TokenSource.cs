using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>Makes one-time tokens as the step CLI does: with the provisioner's key, fetched from the CA and opened with its password.</summary>
internal sealed class TokenSource : IDisposable
{
    private readonly EcSignatureKey _key;
    private readonly string _issuer;
    private readonly CaServer _server;

    private TokenSource(CaServer server, string issuer, EcSignatureKey key)
    {
        _server = server;
        _issuer = issuer;
        _key = key;
    }

    public static async Task<TokenSource> OpenAsync(CaServer server, CancellationToken cancellationToken)
    {
        using var http = server.Connect();
        using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri(server.Url, "provisioners"), cancellationToken));
        var provisioner = json.RootElement.GetProperty("provisioners").EnumerateArray().First(candidate => candidate.GetProperty("type").ValueEquals("JWK"));
        var jwk = JsonWebKey.Parse(Pbes2Jwe.Decrypt(provisioner.GetProperty("encryptedKey").GetString()!, server.ProvisionerPassword));
        var kid = provisioner.GetProperty("key").GetProperty("kid").GetString();
        return new TokenSource(server, provisioner.GetProperty("name").GetString()!, new EcSignatureKey(jwk.ToECDsa(), kid));
    }

    public string Create(string subject)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return Jwt.Sign(
            new JsonObject
            {
                ["aud"] = new Uri(_server.Url, "1.0/sign").AbsoluteUri,
                ["exp"] = now + 300,
                ["iat"] = now,
                ["iss"] = _issuer,
                ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
                ["nbf"] = now,
                ["sans"] = new JsonArray(subject),
                ["sha"] = _server.RootFingerprint,
                ["sub"] = subject,
            },
            _key);
    }

    public void Dispose() => _key.Dispose();
}
