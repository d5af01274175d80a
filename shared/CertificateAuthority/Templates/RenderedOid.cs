using System.Formats.Asn1;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Object identifiers of a rendered certificate.</summary>
internal static class RenderedOid
{
    private const int Longest = 128;

    /// <summary>As it is. Throws <see cref="RenderedException"/> for what can't be written.</summary>
    public static string Require(string text, string where)
    {
        RequireShort(text, where);
        try
        {
            new AsnWriter(AsnEncodingRules.DER).WriteObjectIdentifier(text);
            return text;
        }
        catch (ArgumentException e)
        {
            throw new RenderedException($"{where}: {text} is no object identifier", e);
        }
    }

    /// <summary>Writing one takes the square of its length.</summary>
    public static void RequireShort(string text, string where)
    {
        if (text.Length > Longest)
        {
            throw new RenderedException($"{where}: an object identifier has more than {Longest} characters");
        }
    }
}
