using System.Formats.Asn1;

namespace IoTPlatform.Pki.Asn1;

/// <summary>Content bytes of an object identifier as dotted text, and back.</summary>
internal static class DottedOid
{
    public static string Of(ReadOnlySpan<byte> content)
    {
        Span<byte> encoded = stackalloc byte[2 + content.Length];
        if (content.Length > 127)
        {
            throw new AsnContentException("The object identifier is too long.");
        }

        (encoded[0], encoded[1]) = (0x06, (byte)content.Length);
        content.CopyTo(encoded[2..]);
        return AsnDecoder.ReadObjectIdentifier(encoded, AsnEncodingRules.DER, out _);
    }

    /// <summary>Throws <see cref="PkiException"/>.</summary>
    public static byte[] Encode(string oid)
    {
        try
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            writer.WriteObjectIdentifier(oid);
            return writer.Encode()[2..] is { Length: <= 125 } content ? content : throw new PkiException(PkiError.ProfileViolation, "An object identifier is too long.");
        }
        catch (ArgumentException e)
        {
            throw new PkiException(PkiError.ProfileViolation, $"{oid} is no object identifier.", e);
        }
    }
}
