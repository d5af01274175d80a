using System.Security.Cryptography;
using IoTPlatform.Jose.Keys;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace IoTPlatform.Jose;

/// <summary>A public key parsed once, for many verifications from many threads.</summary>
public sealed class VerificationKey : IDisposable
{
    // Not the library's cache: that one would keep keys which are used for one token.
    private static readonly CryptoProviderFactory Factory = new() { CacheSignatureProviders = false };

    private readonly Dictionary<string, Lazy<SignatureProvider>> _providers;
    private readonly int _signatureLength;
    private readonly ECDsa? _owned;
    private volatile bool _disposed;

    private VerificationKey(IEnumerable<string> algorithms, Func<string, SignatureProvider> create, int signatureLength, ECDsa? owned = null)
    {
        _providers = algorithms.ToDictionary(name => name, name => new Lazy<SignatureProvider>(() => create(name)), StringComparer.Ordinal);
        _signatureLength = signatureLength;
        _owned = owned;
    }

    /// <summary>A private key is taken for its public part. The JWK's "use" must not say otherwise than "sig"; its "alg", if any, becomes the only one.</summary>
    public static VerificationKey From(JsonWebKey key)
    {
        if (key.Use is not (null or "sig"))
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The key is not for signatures.");
        }

        switch (key.Kty)
        {
            case "EC":
                var ec = key.ToPublic().ToECDsa();
                return Create(new ECDsaSecurityKey(ec), EcCurve.ByName(key.Crv).SignatureLength, ec);
            case "RSA":
                var rsa = KeyParameters.Rsa(key.ToPublic());
                return Create(new RsaSecurityKey(rsa), rsa.Modulus!.Length);
            case "OKP" when key.Alg is null or SignatureAlgorithm.EdDsa:
                return ForEd25519(KeyParameters.Ed25519(key));
            default:
                throw new JoseException(JoseError.KeyNotAllowed, "This platform can't verify with the key's type.");
        }

        VerificationKey Create(SecurityKey native, int signatureLength, ECDsa? owned = null) => new(
            SignatureAlgorithm.All.Where(algorithm => algorithm.Fits(key)).Select(algorithm => algorithm.Name),
            name => Factory.CreateForVerifying(native, name),
            signatureLength,
            owned);
    }

    /// <summary>From a DER SubjectPublicKeyInfo.</summary>
    public static VerificationKey FromSubjectPublicKeyInfo(ReadOnlySpan<byte> spki) => From(JsonWebKey.FromSubjectPublicKeyInfo(spki));

    /// <summary>True if the signature is right. An algorithm that isn't this key's own is <see cref="JoseError.AlgorithmNotAllowed"/>.</summary>
    public bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _providers.TryGetValue(algorithm, out var provider)
            ? signature.Length == _signatureLength && provider.Value.Verify(data.ToArray(), signature.ToArray())
            : throw new JoseException(JoseError.AlgorithmNotAllowed, "The signature algorithm is not the key's.");
    }

    private static VerificationKey ForEd25519(byte[] publicKey) => new([SignatureAlgorithm.EdDsa], _ => new Ed25519SignatureProvider(publicKey), Ed25519.SignatureSize);

    public void Dispose()
    {
        _disposed = true;
        foreach (var provider in _providers.Values.Where(provider => provider.IsValueCreated))
        {
            provider.Value.Dispose();
        }

        _owned?.Dispose();
    }
}
