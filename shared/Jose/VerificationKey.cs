using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Jose.Keys;

namespace IoTPlatform.Jose;

/// <summary>A public key parsed once, for many verifications from many threads.</summary>
public sealed class VerificationKey : IDisposable
{
    // The BCL's key objects promise nothing to concurrent callers, so each call borrows one; there are never more than callers at once.
    private readonly ConcurrentQueue<IVerifier> idle = new();
    private readonly KeyMaterial? material;
    private readonly string? onlyAlgorithm;
    private readonly Ed25519Check? ed25519;
    private volatile bool disposed;

    private VerificationKey(KeyMaterial? material, string? onlyAlgorithm, Ed25519Check? ed25519 = null)
    {
        this.material = material;
        this.onlyAlgorithm = onlyAlgorithm;
        this.ed25519 = ed25519;
        idle.Enqueue(CreateVerifier());
    }

    /// <summary>A private key is taken for its public part. The JWK's "use" must not say otherwise than "sig"; its "alg", if any, becomes the only one.</summary>
    public static VerificationKey From(JsonWebKey key)
        => key.Use is null or "sig"
            ? new VerificationKey(key.Material.ToPublic(), key.Algorithm)
            : throw new JoseException(JoseError.KeyNotAllowed, "The key is not for signatures.");

    /// <summary>From a DER SubjectPublicKeyInfo.</summary>
    public static VerificationKey FromSubjectPublicKeyInfo(ReadOnlySpan<byte> spki)
    {
        try
        {
            var key = PublicKey.CreateFromSubjectPublicKeyInfo(spki, out var read);
            using var ec = key.GetECDsaPublicKey();
            using var rsa = key.GetRSAPublicKey();
            return read != spki.Length ? throw new JoseException(JoseError.Malformed, "Bytes follow the public key.")
                : ec is not null ? From(JsonWebKey.FromPublicKey(ec))
                : rsa is not null ? From(JsonWebKey.FromPublicKey(rsa))
                : throw new JoseException(JoseError.KeyNotAllowed, "The public key is neither EC nor RSA.");
        }
        catch (CryptographicException e)
        {
            throw new JoseException(JoseError.Malformed, "The public key is not a usable SubjectPublicKeyInfo.", e);
        }
    }

    /// <summary>An Ed25519 key (RFC 8037): the BCL has no Ed25519, so the caller brings the verification.</summary>
    public static VerificationKey ForEd25519(Ed25519Check check) => new(material: null, SignatureAlgorithm.EdDsa, check);

    /// <summary>True if the signature is right. An algorithm that isn't this key's own is <see cref="JoseError.AlgorithmNotAllowed"/>.</summary>
    public bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var known = Fitting(algorithm);
        if (!idle.TryDequeue(out var verifier))
        {
            verifier = CreateVerifier();
        }

        try
        {
            return verifier.Verify(known, data, signature);
        }
        finally
        {
            Return(verifier);
        }
    }

    public void Dispose()
    {
        disposed = true;
        Drain();
    }

    private SignatureAlgorithm Fitting(string algorithm)
        => SignatureAlgorithm.ByName(algorithm) is { } known
            && (onlyAlgorithm is null || onlyAlgorithm == algorithm)
            && material switch
            {
                EcKeyMaterial ec => known.Curve == ec.NamedCurve,
                RsaKeyMaterial => known.Padding is not null,
                _ => known.Name == SignatureAlgorithm.EdDsa,
            }
            ? known
            : throw new JoseException(JoseError.AlgorithmNotAllowed, "The signature algorithm is not the key's.");

    private IVerifier CreateVerifier() => material switch
    {
        EcKeyMaterial ec => new EcVerifier(ec.ToECDsa(), ec.NamedCurve),
        RsaKeyMaterial rsa => new RsaVerifier(rsa.ToRsa()),
        null when ed25519 is not null => new Ed25519Verifier(ed25519),
        _ => throw new JoseException(JoseError.KeyNotAllowed, "This platform can't verify with the key's type."),
    };

    private void Return(IVerifier verifier)
    {
        idle.Enqueue(verifier);
        if (disposed)
        {
            Drain();
        }
    }

    private void Drain()
    {
        while (idle.TryDequeue(out var verifier))
        {
            verifier.Dispose();
        }
    }
}
