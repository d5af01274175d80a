using System.Security.Cryptography;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Testing;

/// <summary>A key an identity provider signs with.</summary>
public sealed class OidcKey : ISignatureKey, IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    private OidcKey(string keyId, string algorithm, AsymmetricAlgorithm key)
    {
        KeyId = keyId;
        Algorithm = algorithm;
        _key = key;
    }

    public string KeyId { get; }

    public string Algorithm { get; }

    /// <summary>With "kid" and "use", without "alg": what restricts the algorithm then is the key's type alone.</summary>
    public JsonWebKey PublicKey
    {
        get
        {
            var key = _key is RSA rsa ? JsonWebKey.FromPublicKey(rsa) : JsonWebKey.FromPublicKey((ECDsa)_key);
            (key.KeyId, key.Use) = (KeyId, "sig");
            return key;
        }
    }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public string PublicKeyPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <param name="algorithm">RS256, …, PS512, ES256, ES384, ES512.</param>
    public static OidcKey Create(string keyId, string algorithm = "ES256") => new(keyId, algorithm, algorithm switch
    {
        "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => RSA.Create(2048),
    });

    /// <summary>The same key under another name or algorithm.</summary>
    public OidcKey As(string? keyId = null, string? algorithm = null) => new(keyId ?? KeyId, algorithm ?? Algorithm, _key);

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        var hash = new HashAlgorithmName("SHA" + Algorithm[2..]);
        return _key is RSA rsa
            ? rsa.SignData(data, hash, Algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
            : ((ECDsa)_key).SignData(data, hash);
    }

    public void Dispose() => _key.Dispose();
}
