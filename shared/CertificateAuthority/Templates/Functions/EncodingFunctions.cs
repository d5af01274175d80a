using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>sprig's encodings and hashes.</summary>
internal static class EncodingFunctions
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static IEnumerable<TemplateFunction> All { get; } =
    [
        .. new[] { "toJson", "mustToJson" }.Select(name => new TemplateFunction(name, 1, 1, call => GoJson.Write(call[0], call.Budget))),
        .. new[] { "toRawJson", "mustToRawJson" }.Select(name => new TemplateFunction(name, 1, 1, call => GoJson.Write(call[0], call.Budget, escapesHtml: false))),
        .. new[] { "toPrettyJson", "mustToPrettyJson" }.Select(name => new TemplateFunction(name, 1, 1, call => GoJson.Write(call[0], call.Budget, isIndented: true))),
        new("fromJson", 1, 1, call => TryRead(call, out var value) ? value : null),
        new("mustFromJson", 1, 1, call => TryRead(call, out var value) ? value : throw new TemplateCallException("mustFromJson: the text is no JSON")),
        new("b64enc", 1, 1, call => call.Made(Convert.ToBase64String(Encoding.UTF8.GetBytes(call.Text(0))))),
        new("b64dec", 1, 1, call => call.Made(Encoding.UTF8.GetString(Convert.FromBase64String(call.Text(0))))),
        new("b32enc", 1, 1, call => call.Made(ToBase32(Encoding.UTF8.GetBytes(call.Text(0))))),
        new("b32dec", 1, 1, call => call.Made(Encoding.UTF8.GetString(FromBase32(call.Text(0))))),
        new("sha1sum", 1, 1, call => Hex(SHA1.HashData(Bytes(call)))),
        new("sha256sum", 1, 1, call => Hex(SHA256.HashData(Bytes(call)))),
        new("sha512sum", 1, 1, call => Hex(SHA512.HashData(Bytes(call)))),
        new("adler32sum", 1, 1, call => Adler32(Bytes(call)).ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ];

    private static bool TryRead(TemplateCall call, out object? value)
    {
        try
        {
            value = GoJson.Read(call.Text(0), call.Budget);
            return true;
        }
        catch (JsonException)
        {
            value = null;
            return false;
        }
    }

    private static byte[] Bytes(TemplateCall call)
    {
        call.Budget.Text(call.Text(0).Length);
        return Encoding.UTF8.GetBytes(call.Text(0));
    }

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);

    /// <summary>RFC 1950 8.2.</summary>
    private static uint Adler32(byte[] bytes)
    {
        const uint Modulus = 65521;
        var (a, b) = (1u, 0u);
        foreach (var one in bytes)
        {
            a = (a + one) % Modulus;
            b = (b + a) % Modulus;
        }

        return (b << 16) | a;
    }

    /// <summary>RFC 4648 6, padded.</summary>
    private static string ToBase32(byte[] bytes)
    {
        var result = new StringBuilder((bytes.Length + 4) / 5 * 8);
        var (bits, count) = (0, 0);
        foreach (var one in bytes)
        {
            (bits, count) = ((bits << 8) | one, count + 8);
            for (; count >= 5; count -= 5)
            {
                result.Append(Base32[(bits >> (count - 5)) & 31]);
            }

            bits &= (1 << count) - 1;
        }

        if (count > 0)
        {
            result.Append(Base32[(bits << (5 - count)) & 31]);
        }

        return result.Append('=', (8 - (result.Length % 8)) % 8).ToString();
    }

    private static byte[] FromBase32(string text)
    {
        var result = new List<byte>(text.Length);
        var (bits, count) = (0, 0);
        foreach (var value in text.TrimEnd('=').Select(c => Base32.IndexOf(c, StringComparison.Ordinal)))
        {
            (bits, count) = value < 0 ? throw new FormatException("the text is no base32") : ((bits << 5) | value, count + 5);
            if (count >= 8)
            {
                result.Add((byte)(bits >> (count - 8)));
                count -= 8;
                bits &= (1 << count) - 1;
            }
        }

        return [.. result];
    }
}
