using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki.Signing;

/// <summary>One issuer: its certificate and key, read once. Thread-safe.</summary>
public sealed class CaSigner : IDisposable
{
    private readonly CaKey _key;
    private readonly TbsEncoder _encoder;

    /// <summary>Takes ownership of both. Throws when the key is not the certificate's or the certificate is no CA.</summary>
    public CaSigner(X509Certificate2 issuer, CaKey key)
    {
        Certificate = issuer;
        Issuer = IssuerInfo.FromCertificate(issuer);
        _key = key;
        _encoder = new TbsEncoder(Issuer);
        if (!Issuer.SubjectPublicKeyInfo.Span.SequenceEqual(key.SubjectPublicKeyInfo))
        {
            throw new PkiException(PkiError.KeyMismatch, "The CA key is not the key of the CA certificate.");
        }
    }

    public X509Certificate2 Certificate { get; }

    public IssuerInfo Issuer { get; }

    /// <summary>Makes a root: the template's key must be the CA key.</summary>
    public static X509Certificate2 SelfSign(CaKey key, CertificateTemplate template)
    {
        if (!template.SubjectPublicKeyInfo.Span.SequenceEqual(key.SubjectPublicKeyInfo))
        {
            throw new PkiException(PkiError.KeyMismatch, "A self-signed certificate carries the key that signs it.");
        }

        var issuer = IssuerInfo.ForSelf(template);
        var tbs = Build(template, issuer, new TbsEncoder(issuer), Pki.SerialNumber.Create(template.NotBefore));
        return X509CertificateLoader.LoadCertificate(Sign(key, tbs));
    }

    /// <summary>
    /// Builds the certificate and lints it under a throw-away signature; the CA key is not touched. Throws <see cref="PkiError.NameNotAllowed"/>,
    /// <see cref="PkiError.ProfileViolation"/>, <see cref="PkiError.OutlivesIssuer"/> or <see cref="PkiError.LintFailed"/>.
    /// </summary>
    public PreparedCertificate Prepare(CertificateTemplate template)
    {
        var serialNumber = Pki.SerialNumber.Create(template.NotBefore);
        return new PreparedCertificate(this, serialNumber, Build(template, Issuer, _encoder, serialNumber), template);
    }

    /// <summary>Signs exactly what was prepared, once: else <see cref="PkiError.TokenUsed"/> or <see cref="PkiError.WrongIssuer"/>.</summary>
    public SignedCertificate Issue(PreparedCertificate prepared)
    {
        prepared.Consume(this);
        return new SignedCertificate(prepared, Sign(_key, prepared.TbsCertificate.Span));
    }

    /// <summary>A complete CRL of this issuer, DER.</summary>
    public byte[] SignRevocationList(RevocationListOrder order) => Sign(_key, RevocationListWriter.Encode(Issuer, order, onlyCaCertificates: false));

    /// <summary>A CRL of this issuer for CA certificates only.</summary>
    public RevokedSubCas SignRevokedSubCas(RevocationListOrder order) =>
        RevokedSubCas.Parse(Sign(_key, RevocationListWriter.Encode(Issuer, order, onlyCaCertificates: true)));

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    private static byte[] Build(CertificateTemplate template, IssuerInfo issuer, TbsEncoder encoder, byte[] serialNumber)
    {
        TemplateRules.Check(template, issuer);
        var tbs = encoder.Encode(template, serialNumber);
        var findings = CertificateLint.Check(ThrowAwaySignature.Under(issuer.Key, tbs), template.Profile, issuer);
        return findings.Count == 0
            ? tbs
            : throw new PkiException(PkiError.LintFailed, $"The certificate fails lint: {string.Join(", ", findings.Select(f => f.Code))}.");
    }

    private static byte[] Sign(CaKey key, ReadOnlySpan<byte> tbs) =>
        SignedStructure.Assemble(tbs, SignatureAlgorithms.Identifier(key.Algorithm), key.SignDer(tbs));
}

/// <summary>Recognises a JWS signing input: a base64url JSON object, one dot, base64url.</summary>
internal static class JoseSigningInput
{
    private const int MaxBytes = 16384;

    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    /// <summary>'e' is how the base64url of "{" begins; DER would begin with 0x30, which is '0'.</summary>
    public static bool IsValid(ReadOnlySpan<byte> input) =>
        input.Length is > 2 and <= MaxBytes && input[0] == (byte)'e' && !input.ContainsAnyExcept(Alphabet) && input.Count((byte)'.') == 1;
}
