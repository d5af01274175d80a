using System.Formats.Asn1;
using System.Text;

namespace IoTPlatform.Pki.Asn1;

/// <summary>
/// The text of a name attribute in any of the string types that certificates and requests have had (RFC 5280 4.1.2.4). T61String is read as
/// Latin-1, as OpenSSL does: what few used it for beyond ASCII.
/// </summary>
internal static class DirectoryString
{
    private static readonly Encoding StrictUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly Encoding StrictUtf16 = new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly Encoding StrictUtf32 = new UTF32Encoding(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true);

    public static string Read(ref DerReader reader)
    {
        var tag = reader.PeekTag();
        var encoding = EncodingOf(tag) ?? throw new PkiException(PkiError.NameNotAllowed, "A name attribute is of an unknown string type.");
        try
        {
            return encoding.GetString(reader.ReadContent(tag));
        }
        catch (DecoderFallbackException e)
        {
            throw new AsnContentException("A name attribute is not text of its string type.", e);
        }
    }

    /// <summary>Whether the next value is of one of its types.</summary>
    public static bool IsNext(DerReader reader) => reader.HasData && EncodingOf(reader.PeekTag()) is not null;

    private static Encoding? EncodingOf(Asn1Tag tag) => tag is not { TagClass: TagClass.Universal, IsConstructed: false } ? null : (UniversalTagNumber)tag.TagValue switch
    {
        UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String
            or UniversalTagNumber.VisibleString or UniversalTagNumber.NumericString => StrictUtf8,
        UniversalTagNumber.TeletexString => Encoding.Latin1,
        UniversalTagNumber.BMPString => StrictUtf16,
        UniversalTagNumber.UniversalString => StrictUtf32,
        _ => null,
    };
}
