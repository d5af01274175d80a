using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>step's functions for the values of extensions: DER in base64.</summary>
internal static class Asn1Functions
{
    /// <summary>Of an object identifier or a number: reading either takes the square of its length.</summary>
    private const int LongestNumber = 1000;

    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("asn1Enc", 1, 1, call => call.Made(Convert.ToBase64String(Encoded(call.Text(0))))),
        new("asn1Seq", 0, int.MaxValue, call => call.Made(Convert.ToBase64String(Joined(call, writer => writer.PushSequence())))),
        new("asn1Set", 0, int.MaxValue, call => call.Made(Convert.ToBase64String(Joined(call, writer => writer.PushSetOf())))),
        new("asn1Marshal", 1, 2, call => call.Made(Convert.ToBase64String(Marshalled(call)))),
    ];

    /// <summary><c>type:value</c>, or a PrintableString.</summary>
    private static byte[] Encoded(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return Encoded(colon < 0 ? "printable" : text[..colon], colon < 0 ? text : text[(colon + 1)..]);
    }

    private static byte[] Encoded(string type, string value)
    {
        if (type is "int" or "oid" && value.Length > LongestNumber)
        {
            throw new TemplateCallException($"asn1Enc: an {type} has more than {LongestNumber} characters");
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        switch (type)
        {
            case "" or "printable":
                writer.WriteCharacterString(UniversalTagNumber.PrintableString, value);
                break;
            case "utf8":
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
                break;
            case "ia5":
                writer.WriteCharacterString(UniversalTagNumber.IA5String, value);
                break;
            case "numeric":
                writer.WriteCharacterString(UniversalTagNumber.NumericString, value);
                break;
            case "int":
                writer.WriteInteger(BigInteger.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
                break;
            case "oid":
                writer.WriteObjectIdentifier(value);
                break;
            case "utc":
                writer.WriteUtcTime(Time(value));
                break;
            case "generalized":
                writer.WriteGeneralizedTime(Time(value), omitFractionalSeconds: true);
                break;
            case "bool":
                writer.WriteBoolean(bool.Parse(value));
                break;
            case "raw":
                return Convert.FromBase64String(value);
            default:
                throw new TemplateCallException($"asn1Enc: the type {type} is not known");
        }

        return writer.Encode();
    }

    /// <summary>What asn1.MarshalWithParams makes of simple values.</summary>
    private static byte[] Marshalled(TemplateCall call) => (call[0], call.Count > 1 ? call.Text(1) : "") switch
    {
        (string text, var type) => Encoded(type.Length > 0 ? type : IsPrintable(text) ? "printable" : "utf8", text),
        (long number, "" or "int") => Encoded("int", number.ToString(CultureInfo.InvariantCulture)),
        (bool flag, "") => Encoded("bool", flag ? "true" : "false"),
        (DateTimeOffset time, var type) => Encoded(type.Length > 0 ? type : "utc", time.ToString("O", CultureInfo.InvariantCulture)),
        _ => throw new TemplateCallException($"asn1Marshal: a {GoValue.TypeOf(call[0])} is not encoded"),
    };

    private static byte[] Joined(TemplateCall call, Func<AsnWriter, AsnWriter.Scope> begin)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (begin(writer))
        {
            for (var i = 0; i < call.Count; i++)
            {
                writer.WriteEncodedValue(Convert.FromBase64String(call.Text(i)));
            }
        }

        return writer.Encode();
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    private static bool IsPrintable(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || " '()+,-./:=?".Contains(c, StringComparison.Ordinal));
}
