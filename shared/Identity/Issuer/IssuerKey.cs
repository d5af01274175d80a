using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Half a second of computing, which hosts in one process need not each spend.</summary>
/// <returns>With its private part.</returns>
internal delegate RSAParameters RsaKeyMaker();

/// <summary>
/// One generation of keys: an RSA key for what others verify (OpenID Connect Core 1.0 section 15.1 asks for RS256), and a secret one for codes and
/// refresh tokens, which only this issuer reads. A class, not a record: it would print them.
/// </summary>
internal sealed class IssuerKey
{
    private const int RsaBits = 2048;
    private const int SecretBytes = 32;
    private readonly RSAParameters _rsa;
    private readonly byte[] _secret;

    private IssuerKey(RSAParameters rsa, byte[] secret, DateTimeOffset signsFrom, DateTimeOffset? retiresAt)
    {
        (_rsa, _secret, SignsFrom, RetiresAt) = (rsa, secret, signsFrom, retiresAt);
        Public = new JsonWebKey { Kty = "RSA", Use = "sig", Alg = SecurityAlgorithms.RsaSha256, N = Base64Url.EncodeToString(rsa.Modulus), E = Base64Url.EncodeToString(rsa.Exponent) };
        Public.KeyId = Public.Thumbprint();
    }

    public string Id => Public.KeyId;

    public JsonWebKey Public { get; }

    /// <summary>Parameters and not an RSA object: the library makes an object for each thread that signs.</summary>
    public SigningCredentials Signing => new(new RsaSecurityKey(_rsa) { KeyId = Id }, SecurityAlgorithms.RsaSha256);

    public EncryptingCredentials Encryption => new(new SymmetricSecurityKey(_secret) { KeyId = Id }, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512);

    public DateTimeOffset SignsFrom { get; }

    /// <summary>Null: no other key has taken its place.</summary>
    public DateTimeOffset? RetiresAt { get; }

    /// <param name="rsa">With its private part.</param>
    /// <param name="signsFrom">Until then others learn it.</param>
    public static IssuerKey Create(RSAParameters rsa, DateTimeOffset signsFrom) => new(rsa, RandomNumberGenerator.GetBytes(SecretBytes), signsFrom, retiresAt: null);

    public static RSAParameters MakeRsaKey()
    {
        using var rsa = RSA.Create(RsaBits);
        return rsa.ExportParameters(includePrivateParameters: true);
    }

    /// <summary>As it was stored.</summary>
    public static IssuerKey Of(string text, DateTimeOffset signsFrom, DateTimeOffset? retiresAt)
    {
        var parts = text.Split(' ');
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Convert.FromBase64String(parts[0]), out _);
        return new IssuerKey(rsa.ExportParameters(includePrivateParameters: true), Convert.FromBase64String(parts[1]), signsFrom, retiresAt);
    }

    /// <summary>Both keys, to be encrypted and stored.</summary>
    public string ToText()
    {
        using var rsa = RSA.Create(_rsa);
        return $"{Convert.ToBase64String(rsa.ExportPkcs8PrivateKey())} {Convert.ToBase64String(_secret)}";
    }
}
