using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>The relevant attributes of a request: names and whether a CA is requested, from its extensionRequest (RFC 2985 5.4.2).</summary>
internal readonly record struct CsrAttributes(SubjectNames Names, bool RequestsCa)
{
    private const int MaxExtensions = 32;

    public static CsrAttributes Read(DerReader attributes, string? commonName)
    {
        var result = new CsrAttributes(new SubjectNames { CommonName = commonName }, RequestsCa: false);
        var found = false;
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            var type = attribute.ReadOid();
            var values = attribute.ReadSetOf();
            attribute.ThrowIfNotEmpty();
            if (!type.SequenceEqual(DerOid.ExtensionRequest))
            {
                continue;
            }

            if (found)
            {
                throw new AsnContentException("The extension request is there twice.");
            }

            found = true;
            if (values.HasData)
            {
                result = ReadExtensions(values.ReadSequence(), commonName);
            }

            values.ThrowIfNotEmpty();
        }

        return result;
    }

    private static CsrAttributes ReadExtensions(DerReader extensions, string? commonName)
    {
        var names = new SubjectNames { CommonName = commonName };
        var requestsCa = false;
        var seen = 0;
        var count = 0;
        while (extensions.HasData)
        {
            if (++count > MaxExtensions)
            {
                throw new PkiException(PkiError.TooLarge, $"The request has more than {MaxExtensions} extensions.");
            }

            var extension = extensions.ReadSequence();
            var kind = ExtensionKinds.Find(extension.ReadOid());
            ExtensionParser.ReadCritical(ref extension);
            var value = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
            if (kind != ExtensionKind.Unknown && (seen & (1 << (int)kind)) != 0)
            {
                throw new AsnContentException("An extension is requested twice.");
            }

            seen |= 1 << (int)kind;
            switch (kind)
            {
                case ExtensionKind.SubjectAltName:
                    // Names of other kinds (UPN, directory name, registered id) are never certified, so they are passed over.
                    names = GeneralNames.Read(value, commonName, out _, tolerant: true);
                    break;
                case ExtensionKind.BasicConstraints:
                    var constraints = new DerReader(value, tolerant: true);
                    requestsCa |= ExtensionParser.BasicConstraints(ref constraints).IsCa;
                    constraints.ThrowIfNotEmpty();
                    break;
                case ExtensionKind.KeyUsage:
                    var usages = new DerReader(value, tolerant: true);
                    requestsCa |= ExtensionParser.KeyUsages(ref usages).HasFlag(X509KeyUsageFlags.KeyCertSign);
                    usages.ThrowIfNotEmpty();
                    break;
            }
        }

        return new CsrAttributes(names, requestsCa);
    }
}
