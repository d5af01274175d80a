using System.Globalization;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Constants as Go writes them.</summary>
internal static class GoLiteral
{
    /// <summary>Null: it is malformed.</summary>
    public static object? Number(string text)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        var isNegative = digits.StartsWith('-');
        var body = digits.TrimStart('+', '-');
        var (radix, start) = body.ToLowerInvariant() switch
        {
            ['0', 'x', ..] => (16, 2),
            ['0', 'o', ..] => (8, 2),
            ['0', 'b', ..] => (2, 2),
            ['0', _, ..] when !body.AsSpan().ContainsAny(".eE") => (8, 1),
            _ => (10, 0),
        };
        try
        {
            if (radix != 10)
            {
                var value = Convert.ToInt64(body[start..], radix);
                return isNegative ? -value : value;
            }
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }

        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
            : double.TryParse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) ? real
            : null;
    }

    /// <param name="text">With its quotes. Null: it is malformed.</param>
    public static object? Character(string text)
    {
        var content = Unescape(text[1..^1]);
        return content is not null && content.EnumerateRunes().ToList() is [var rune] ? (long)rune.Value : null;
    }

    /// <param name="text">With its quotes. Null: it is malformed.</param>
    public static string? Quoted(string text) => Unescape(text[1..^1]);

    private static string? Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            if (++i >= text.Length)
            {
                return null;
            }

            var digits = text[i] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (i + digits >= text.Length || !int.TryParse(text.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code))
                {
                    return null;
                }

                result.Append(new Rune(code).ToString());
                i += digits;
                continue;
            }

            var plain = text[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'a' => '\a', 'b' => '\b', 'f' => '\f', 'v' => '\v', '\\' => '\\', '"' => '"', '\'' => '\'', _ => '\0' };
            if (plain == '\0')
            {
                return null;
            }

            result.Append(plain);
        }

        return result.ToString();
    }
}
