using System.Security.Cryptography;
using IoTPlatform.Pki.Crypto;
using Microsoft.Extensions.ObjectPool;

namespace IoTPlatform.Pki.Signing;

/// <summary>A CA's private key in memory. Thread-safe.</summary>
public sealed class CaKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly ObjectPool<ECDsa> _copies;
    private readonly byte[] _subjectPublicKeyInfo;
    private readonly SignatureAlgorithm _algorithm;

    /// <summary>Takes ownership of the key.</summary>
    internal CaKey(ECDsa key)
    {
        _subjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo();
        Kind = PublicKeyInfo.Parse(_subjectPublicKeyInfo).Kind;
        _algorithm = SignatureAlgorithms.ForIssuer(Kind);
        _key = key;
        _copies = new DefaultObjectPoolProvider().Create(new EcdsaCopies(key));
    }

    public KeyKind Kind { get; }

    /// <summary>DER, a copy.</summary>
    public byte[] SubjectPublicKeyInfo => (byte[])_subjectPublicKeyInfo.Clone();

    /// <summary>JOSE name of <see cref="SignProof"/>'s algorithm (RFC 7518 3.4): ES256, ES384 or ES512.</summary>
    public string ProofAlgorithm => Kind switch { KeyKind.P256 => "ES256", KeyKind.P384 => "ES384", _ => "ES512" };

    /// <summary>P-256, P-384 or P-521; others are refused with <see cref="PkiError.UnsupportedKey"/>.</summary>
    public static CaKey Generate(KeyKind kind) => new(ECDsa.Create(kind switch
    {
        KeyKind.P256 => ECCurve.NamedCurves.nistP256,
        KeyKind.P384 => ECCurve.NamedCurves.nistP384,
        KeyKind.P521 => ECCurve.NamedCurves.nistP521,
        _ => throw new PkiException(PkiError.UnsupportedKey, "A CA key must be on P-256, P-384 or P-521."),
    }));

    public string CreateCsrPem(SubjectNames names) => Use(key => CertificateSigningRequest.CreatePem(key, names));

    /// <summary>
    /// Signs a JWS signing input (RFC 7515 5.1: base64url header, dot, base64url payload) as r||s. Anything else is refused with
    /// <see cref="PkiError.NotSignable"/>: a certificate or request is DER, which is never in that alphabet, so a proof can't become one.
    /// </summary>
    public byte[] SignProof(ReadOnlySpan<byte> joseSigningInput)
    {
        if (!JoseSigningInput.IsValid(joseSigningInput))
        {
            throw new PkiException(PkiError.NotSignable, "A CA key signs nothing but certificates, its own requests and JOSE proofs.");
        }

        return Sign(joseSigningInput, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public void Dispose()
    {
        (_copies as IDisposable)?.Dispose();
        _key.Dispose();
    }

    internal SignatureAlgorithm Algorithm => _algorithm;

    /// <summary>A DER Ecdsa-Sig-Value (RFC 3279 2.2.3) over certificate content.</summary>
    internal byte[] SignDer(ReadOnlySpan<byte> toBeSigned) => Sign(toBeSigned, DSASignatureFormat.Rfc3279DerSequence);

    internal byte[] ExportEncrypted(ReadOnlySpan<char> password, int rounds)
    {
        var plain = Use(key => key.ExportPkcs8PrivateKey());
        try
        {
            return Pbes2.Encrypt(plain, password, rounds);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private byte[] Sign(ReadOnlySpan<byte> data, DSASignatureFormat format)
    {
        var key = _copies.Get();
        try
        {
            return key.SignData(data, SignatureAlgorithms.Hash(_algorithm), format);
        }
        finally
        {
            _copies.Return(key);
        }
    }

    private T Use<T>(Func<ECDsa, T> action)
    {
        var key = _copies.Get();
        try
        {
            return action(key);
        }
        finally
        {
            _copies.Return(key);
        }
    }
}

/// <summary>One private key for many threads: the BCL does not promise that an ECDsa object may be shared, so each of the pool's is a copy.</summary>
internal sealed class EcdsaCopies(ECDsa key) : IPooledObjectPolicy<ECDsa>
{
    private readonly Lock _lock = new();

    ECDsa IPooledObjectPolicy<ECDsa>.Create()
    {
        lock (_lock)
        {
            var parameters = key.ExportParameters(includePrivateParameters: true);
            try
            {
                return ECDsa.Create(parameters);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(parameters.D);
            }
        }
    }

    bool IPooledObjectPolicy<ECDsa>.Return(ECDsa copy) => true;
}
