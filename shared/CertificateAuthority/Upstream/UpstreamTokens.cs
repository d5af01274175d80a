using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>Makes one-time tokens of a provisioner upstream, with its key or with the key of a certificate that it trusts.</summary>
internal sealed class UpstreamTokens : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly UpstreamOptions _options;
    private readonly EcSignatureKey _key;
    private readonly string[] _x5c;

    private UpstreamTokens(UpstreamOptions options, EcSignatureKey key, string[] x5c) => (_options, _key, _x5c) = (options, key, x5c);

    /// <summary>Throws <see cref="UpstreamException"/> for a credential that can't be used.</summary>
    /// <param name="options">With the credential.</param>
    /// <param name="escrow">The provisioner's encrypted key, compact JWE, asked for if it is needed.</param>
    public static async Task<UpstreamTokens> OpenAsync(UpstreamOptions options, Func<Task<string>> escrow)
    {
        var credential = options.Credential;
        try
        {
            if (credential.CertificateFile is { } file)
            {
                var chain = Pem.ParseCertificates(await File.ReadAllTextAsync(file));
                var key = ECDsa.Create();
                var pem = await File.ReadAllTextAsync(credential.KeyFile!);
                if (credential.Password is { } password)
                {
                    key.ImportFromEncryptedPem(pem, password);
                }
                else
                {
                    key.ImportFromPem(pem);
                }

                return chain[0].PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
                    ? new UpstreamTokens(options, new EcSignatureKey(key), [.. chain.Select(certificate => Convert.ToBase64String(certificate.RawData))])
                    : throw new UpstreamException(UpstreamFailure.Unusable, $"the key of {options.Settings.Key} is not that of the certificate");
            }

            var text = credential.KeyFile is { } path ? (await File.ReadAllTextAsync(path)).Trim() : await escrow();
            var jwk = JsonWebKey.Parse(text.StartsWith('{') && !text.Contains("\"ciphertext\"", StringComparison.Ordinal) ? text : OpenJwe(text, options));
            return new UpstreamTokens(options, new EcSignatureKey(jwk.ToECDsa(), jwk.KeyId ?? jwk.Thumbprint()), []);
        }
        catch (Exception e) when (e is JoseException or PkiException or CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new UpstreamException(UpstreamFailure.Unusable, $"the credential can't be used: {e.Message}", e);
        }
    }

    public string Sign(string subject, IEnumerable<string> sans, DateTimeOffset now) =>
        Make("sign", subject, now, claims => claims["sans"] = new JsonArray([.. sans.Select(san => JsonValue.Create(san))]));

    /// <param name="serial">Decimal.</param>
    /// <param name="now">When it is made.</param>
    public string Revoke(string serial, DateTimeOffset now) => Make("revoke", serial, now, _ => { });

    public void Dispose() => _key.Dispose();

    private string Make(string operation, string subject, DateTimeOffset now, Action<JsonObject> more)
    {
        var claims = new JsonObject
        {
            // step-ca's way to say for which X5C provisioner a token is.
            ["aud"] = new Uri(_options.Url, $"/1.0/{operation}").AbsoluteUri + (_x5c.Length > 0 ? $"#x5c/{_options.Credential.Provisioner}" : ""),
            ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = _options.Credential.Provisioner,
            ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sha"] = _options.RootFingerprint,
            ["sub"] = subject,
        };
        more(claims);
        var header = new Dictionary<string, object>(StringComparer.Ordinal) { ["typ"] = "JWT" };
        if (_x5c.Length > 0)
        {
            header["x5c"] = _x5c;
        }

        return CompactJws.Sign(header, JsonSerializer.SerializeToUtf8Bytes(claims), _key);
    }

    private static string OpenJwe(string jwe, UpstreamOptions options) => Encoding.UTF8.GetString(Pbes2Jwe.Decrypt(
        jwe, options.Credential.Password ?? throw new UpstreamException(UpstreamFailure.Unusable, $"the provisioner's key is encrypted and {options.Settings.Password} is missing")));
}
