using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>
/// A certificate that others issued, of any version and read tolerantly: what the platform itself decides on. Its extensions and its
/// signature are the library's to judge, see <see cref="ForeignChain"/>.
/// </summary>
public sealed class ForeignCertificate
{
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private ForeignCertificate() { }

    /// <summary>DER Name, as it was sent.</summary>
    public byte[] Issuer { get; private init; } = [];

    public ImmutableArray<string> CommonNames { get; private init; } = [];

    /// <summary>The subject's serialNumber attributes (X.520), not the certificate's number.</summary>
    public ImmutableArray<string> SerialNumbers { get; private init; } = [];

    public DateTimeOffset NotBefore { get; private init; }

    public DateTimeOffset NotAfter { get; private init; }

    /// <summary>Of our own encoding of the key where it is of a kind that is certified here, else of the key as it was sent.</summary>
    public byte[] KeySha256 { get; private init; } = [];

    /// <summary>Null, or why a signature like the one on it is not accepted.</summary>
    internal string? SignatureProblem { get; private init; }

    /// <summary>Throws <see cref="PkiException"/> for what is no certificate.</summary>
    public static ForeignCertificate Parse(ReadOnlySpan<byte> der)
    {
        if (der.Length > CertificateParser.MaxBytes)
        {
            throw new PkiException(PkiError.TooLarge, $"The certificate is larger than {CertificateParser.MaxBytes} bytes.");
        }

        try
        {
            return Read(new DerReader(der, tolerant: true));
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, $"The certificate is malformed: {e.Message}", e);
        }
    }

    private static ForeignCertificate Read(DerReader outer)
    {
        var certificate = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var tbs = certificate.ReadSequence();
        var problem = FindSignatureProblem(ref certificate);
        if (tbs.NextIs(VersionTag))
        {
            tbs.ReadEncoded();
        }

        tbs.ReadInteger();
        tbs.ReadEncoded();
        var issuer = tbs.ReadEncoded();
        var validity = tbs.ReadSequence();
        var notBefore = validity.ReadTime();
        var notAfter = validity.ReadTime();
        var subject = ForeignName.Read(ref tbs);
        return new ForeignCertificate
        {
            Issuer = issuer.ToArray(),
            CommonNames = subject.CommonNames,
            SerialNumbers = subject.SerialNumbers,
            NotBefore = notBefore,
            NotAfter = notAfter,
            KeySha256 = HashKey(tbs.ReadEncoded()),
            SignatureProblem = problem,
        };
    }

    private static string? FindSignatureProblem(ref DerReader certificate)
    {
        try
        {
            SignatureAlgorithms.Read(ref certificate);
            return null;
        }
        catch (PkiException e)
        {
            return e.Message;
        }
    }

    private static byte[] HashKey(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        try
        {
            return SHA256.HashData(PublicKeyInfo.Parse(subjectPublicKeyInfo, tolerant: true).Encode());
        }
        catch (PkiException)
        {
            return SHA256.HashData(subjectPublicKeyInfo);
        }
    }
}

/// <summary>What a Name that others wrote says of its holder: all its common names and serialNumber attributes, also those that share an RDN.</summary>
internal sealed record ForeignName(ImmutableArray<string> CommonNames, ImmutableArray<string> SerialNumbers)
{
    private const int MaxAttributes = 64;

    /// <summary>Empty attributes say nothing and are left out.</summary>
    public static ForeignName Read(ref DerReader reader)
    {
        ImmutableArray<string> commonNames = [], serialNumbers = [];
        var count = 0;
        var name = reader.ReadSequence();
        while (name.HasData)
        {
            var relative = name.ReadSetOf();
            while (relative.HasData)
            {
                if (++count > MaxAttributes)
                {
                    throw new PkiException(PkiError.TooLarge, $"A name has more than {MaxAttributes} attributes.");
                }

                var attribute = relative.ReadSequence();
                var type = attribute.ReadOid();
                if (type.SequenceEqual(DerOid.CommonName))
                {
                    Add(ref commonNames, ref attribute);
                }
                else if (type.SequenceEqual(DerOid.SerialNumber))
                {
                    Add(ref serialNumbers, ref attribute);
                }
                else
                {
                    attribute.ReadEncoded();
                }

                attribute.ThrowIfNotEmpty();
            }
        }

        return new ForeignName(commonNames, serialNumbers);
    }

    private static void Add(ref ImmutableArray<string> list, ref DerReader attribute)
    {
        if (DirectoryString.Read(ref attribute) is { Length: > 0 } text)
        {
            list = list.Add(text);
        }
    }
}
