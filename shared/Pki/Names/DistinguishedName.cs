using System.Formats.Asn1;
using System.Text;
using IoTPlatform.Pki.Asn1;

namespace IoTPlatform.Pki;

/// <summary>Name (RFC 5280 4.1.2.4): the platform writes a single CN and reads only that.</summary>
internal static class DistinguishedName
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the Name and returns its CN; <paramref name="hasOther"/> is true if there are further attributes, which are not used.</summary>
    public static string? Read(ref DerReader reader, out bool hasOther)
    {
        hasOther = false;
        string? commonName = null;
        var sequence = reader.ReadSequence();
        while (sequence.HasData)
        {
            var relative = sequence.ReadSetOf();
            if (!relative.HasData)
            {
                throw new AsnContentException("A relative distinguished name is empty.");
            }

            while (relative.HasData)
            {
                var attribute = relative.ReadSequence();
                var type = attribute.ReadOid();
                if (type.SequenceEqual(DerOid.CommonName))
                {
                    commonName = commonName is null ? Text(ref attribute) : throw new PkiException(PkiError.NameNotAllowed, "There is more than one common name.");
                }
                else
                {
                    attribute.ReadEncoded();
                    hasOther = true;
                }

                attribute.ThrowIfNotEmpty();
            }
        }

        return commonName;
    }

    public static void Write(AsnWriter writer, string? commonName)
    {
        using (writer.PushSequence())
        {
            if (commonName is null)
            {
                return;
            }

            using (writer.PushSetOf())
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("2.5.4.3");
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, commonName);
            }
        }
    }

    private static string Text(ref DerReader attribute)
    {
        var tag = attribute.PeekTag();
        if (tag == new Asn1Tag(UniversalTagNumber.UTF8String) || tag == new Asn1Tag(UniversalTagNumber.PrintableString) || tag == new Asn1Tag(UniversalTagNumber.IA5String))
        {
            try
            {
                return StrictUtf8.GetString(attribute.ReadContent(tag));
            }
            catch (DecoderFallbackException e)
            {
                throw new AsnContentException("The common name is not UTF-8.", e);
            }
        }

        throw new PkiException(PkiError.NameNotAllowed, "The common name is not a UTF8String, PrintableString or IA5String.");
    }
}
