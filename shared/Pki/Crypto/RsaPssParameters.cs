using System.Formats.Asn1;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki.Crypto;

/// <summary>
/// RSASSA-PSS-params (RFC 4055 3.1), reading. One hash for message and MGF1, a salt as long as the hash and the usual trailer, as Go's
/// crypto/x509 and TLS 1.3 (RFC 8446 4.2.3) have it: the BCL verifies nothing else.
/// </summary>
internal static class RsaPssParameters
{
    private static readonly Asn1Tag HashTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag MaskTag = new(TagClass.ContextSpecific, 1, isConstructed: true);
    private static readonly Asn1Tag SaltTag = new(TagClass.ContextSpecific, 2, isConstructed: true);
    private static readonly Asn1Tag TrailerTag = new(TagClass.ContextSpecific, 3, isConstructed: true);

    public static SignatureAlgorithm Read(ref DerReader identifier)
    {
        // What is left out means SHA-1 and a salt of 20 octets.
        if (!identifier.HasData)
        {
            throw SignatureAlgorithms.WeakHash();
        }

        var parameters = identifier.ReadSequence();
        identifier.ThrowIfNotEmpty();
        if (!parameters.NextIs(HashTag))
        {
            throw SignatureAlgorithms.WeakHash();
        }

        var hashField = parameters.ReadSequence(HashTag);
        var (algorithm, size) = ReadHash(ref hashField);
        if (!parameters.NextIs(MaskTag) || ReadMask(parameters.ReadSequence(MaskTag)) != algorithm
            || !parameters.NextIs(SaltTag) || Single(parameters.ReadSequence(SaltTag)) != size
            || (parameters.NextIs(TrailerTag) && Single(parameters.ReadSequence(TrailerTag)) != 1))
        {
            throw new PkiException(PkiError.UnsupportedKey, "RSASSA-PSS must have one hash for message and MGF1 and a salt as long as the hash.");
        }

        parameters.ThrowIfNotEmpty();
        return algorithm;
    }

    private static SignatureAlgorithm ReadMask(DerReader field)
    {
        var mask = field.ReadSequence();
        field.ThrowIfNotEmpty();
        return mask.ReadOid().SequenceEqual(DerOid.Mgf1)
            ? ReadHash(ref mask).Algorithm
            : throw new PkiException(PkiError.UnsupportedKey, "RSASSA-PSS must have MGF1 as its mask generation function.");
    }

    private static (SignatureAlgorithm Algorithm, int Size) ReadHash(ref DerReader field)
    {
        var identifier = field.ReadSequence();
        field.ThrowIfNotEmpty();
        var oid = identifier.ReadOid();
        identifier.SkipNull();
        identifier.ThrowIfNotEmpty();
        return oid[..^1].SequenceEqual(DerOid.NistHashArc)
            ? oid[^1] switch
            {
                1 => (SignatureAlgorithm.RsaPssSha256, 32),
                2 => (SignatureAlgorithm.RsaPssSha384, 48),
                3 => (SignatureAlgorithm.RsaPssSha512, 64),
                _ => throw SignatureAlgorithms.WeakHash(),
            }
            : throw SignatureAlgorithms.WeakHash();
    }

    private static int Single(DerReader field)
    {
        var value = field.ReadSmallInteger();
        field.ThrowIfNotEmpty();
        return value;
    }
}
