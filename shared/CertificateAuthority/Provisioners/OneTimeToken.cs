using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>One-time tokens as <c>step ca token</c> makes them: valid for five minutes.</summary>
public static class OneTimeToken
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <param name="key">The provisioner's private key, with its kid.</param>
    /// <param name="audience">For example <c>https://localhost:9443/1.0/sign</c>; <c>…/1.0/revoke</c> with the decimal serial as subject.</param>
    public static string Create(ISignatureKey key, string provisioner, string audience, string subject, IReadOnlyList<string> sans, string rootFingerprint, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return Jwt.Sign(
            new Dictionary<string, object>
            {
                ["aud"] = audience,
                ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
                ["iat"] = now.ToUnixTimeSeconds(),
                ["iss"] = provisioner,
                ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
                ["nbf"] = now.ToUnixTimeSeconds(),
                ["sans"] = sans,
                ["sha"] = rootFingerprint,
                ["sub"] = subject,
            },
            key);
    }

    /// <summary>Opens the escrowed key of a provisioner.</summary>
    public static EcSignatureKey OpenKey(string encryptedKey, ReadOnlySpan<char> password)
    {
        var plaintext = Pbes2Jwe.Decrypt(encryptedKey, password);
        try
        {
            var jwk = JsonWebKey.Parse(plaintext);
            return new EcSignatureKey(jwk.ToECDsa(), jwk.KeyId ?? jwk.Thumbprint());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}

/// <summary>The audiences of one operation: <c>https://host/1.0/op</c> and <c>https://host/op</c> for every name of this host, whatever the port, as step-ca has it.</summary>
internal sealed class TokenAudience(CertificateAuthorityOptions options, params string[] operations)
{
    private const string Scheme = "https://";

    private readonly FrozenSet<string> _accepted = Hosts(options)
        .SelectMany(host => operations.SelectMany(o => new[] { $"{Scheme}{host}/1.0/{o}", $"{Scheme}{host}/{o}" }))
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public bool Matches(string audience) => _accepted.Contains(WithoutPort(audience));

    private static IEnumerable<string> Hosts(CertificateAuthorityOptions options)
    {
        var names = options.PublicUrl is { } url ? options.Names.Append(url.DnsSafeHost) : options.Names;
        return names.Select(n => IPAddress.TryParse(n, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip}]" : n);
    }

    private static string WithoutPort(string audience)
    {
        if (!audience.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return audience;
        }

        var path = audience.IndexOf('/', Scheme.Length);
        if (path < 0)
        {
            return audience;
        }

        var host = audience.AsSpan(Scheme.Length, path - Scheme.Length);
        var port = host.LastIndexOf(':');
        return port < 0 || port < host.LastIndexOf(']') || host[(port + 1)..].ContainsAnyExceptInRange('0', '9')
            ? audience
            : string.Concat(Scheme, host[..port], audience.AsSpan(path));
    }
}
