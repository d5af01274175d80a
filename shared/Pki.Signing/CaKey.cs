using System.Security.Cryptography;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>A CA's private key in memory. Thread-safe.</summary>
public sealed class CaKey : IDisposable
{
    private readonly EcdsaPool _pool;
    private readonly byte[] _subjectPublicKeyInfo;
    private readonly SignatureAlgorithm _algorithm;

    /// <summary>Takes ownership of the key.</summary>
    internal CaKey(ECDsa key)
    {
        _subjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo();
        Kind = PublicKeyInfo.Parse(_subjectPublicKeyInfo).Kind;
        _algorithm = SignatureAlgorithms.ForIssuer(Kind);
        _pool = new EcdsaPool(key);
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

    public string CreateCsrPem(SubjectNames names) => _pool.Use(key => CertificateSigningRequest.CreatePem(key, names));

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

        Span<byte> signature = stackalloc byte[EcdsaSignature.MaxFixedBytes];
        return signature[.._pool.Sign(joseSigningInput, SignatureAlgorithms.Hash(_algorithm), signature)].ToArray();
    }

    public void Dispose() => _pool.Dispose();

    internal SignatureAlgorithm Algorithm => _algorithm;

    /// <summary>Writes a DER Ecdsa-Sig-Value over certificate content and returns its length.</summary>
    internal int SignDer(ReadOnlySpan<byte> toBeSigned, Span<byte> destination)
    {
        Span<byte> signature = stackalloc byte[EcdsaSignature.MaxFixedBytes];
        var length = _pool.Sign(toBeSigned, SignatureAlgorithms.Hash(_algorithm), signature);
        return EcdsaSignature.ToDer(signature[..length], destination);
    }

    internal byte[] ExportEncrypted(ReadOnlySpan<char> password, PbeParameters parameters)
    {
        var secret = password.ToArray();
        try
        {
            return _pool.Use(key => key.ExportEncryptedPkcs8PrivateKey(secret, parameters));
        }
        finally
        {
            Array.Clear(secret);
        }
    }
}
