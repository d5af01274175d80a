using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// The hash by which OpenSSL's and Erlang's directories of certificates and CRLs are indexed (openssl-rehash): SHA-1 of the name's
/// canonical encoding, of which four bytes name a file. It finds a file and proves nothing.
/// </summary>
public static class NameHash
{
    [SuppressMessage("Security", "CA5350", Justification = "It is a file's name; the CRL in the file is signed.")]
    public static string Of(X500DistinguishedName name) =>
        BinaryPrimitives.ReadUInt32LittleEndian(SHA1.HashData(Canonical(name))).ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Every value as a UTF8String in lower case with single spaces; without the outer SEQUENCE.</summary>
    private static byte[] Canonical(X500DistinguishedName name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var names = new AsnReader(name.RawData, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            var relative = names.ReadSetOf();
            using (writer.PushSetOf())
            {
                while (relative.HasData)
                {
                    var attribute = relative.ReadSequence();
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(attribute.ReadObjectIdentifier());
                        var tag = attribute.PeekTag();
                        if (tag.TagClass == TagClass.Universal && IsText((UniversalTagNumber)tag.TagValue))
                        {
                            writer.WriteCharacterString(UniversalTagNumber.UTF8String, Fold(attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue)));
                        }
                        else
                        {
                            writer.WriteEncodedValue(attribute.ReadEncodedValue().Span);
                        }
                    }
                }
            }
        }

        return writer.Encode();
    }

    private static bool IsText(UniversalTagNumber tag) => tag is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String
        or UniversalTagNumber.VisibleString or UniversalTagNumber.T61String or UniversalTagNumber.BMPString;

    private static string Fold(string text) => string.Join(' ', text.Split([' ', '\t', '\n', '\v', '\f', '\r'], StringSplitOptions.RemoveEmptyEntries)).ToLower(CultureInfo.InvariantCulture);
}
