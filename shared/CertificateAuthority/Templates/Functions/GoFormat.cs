using System.Globalization;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>fmt's verbs: <c>%v %s %q %d %x %X %o %b %c %t %f %e %g %T %%</c>, with flags, width and precision.</summary>
internal static class GoFormat
{
    private const int Widest = 1000;

    public static string Format(string format, object?[] arguments, TemplateBudget budget)
    {
        var result = new StringBuilder(format.Length);
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }

            var flags = Taken(format, ref i, "+-# 0");
            var width = Number(format, ref i);
            int? precision = i + 1 < format.Length && format[i + 1] == '.' ? PrecisionOf(format, ref i) : null;
            if (++i >= format.Length)
            {
                result.Append("%!(NOVERB)");
                break;
            }

            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }

            var shown = next < arguments.Length ? One(format[i], flags, precision, arguments[next++], budget) : $"%!{format[i]}(MISSING)";
            budget.Text(Math.Max(shown.Length, width));
            result.Append(flags.Contains('-', StringComparison.Ordinal) ? shown.PadRight(width) : flags.Contains('0', StringComparison.Ordinal) && IsNumber(shown) ? ZeroPadded(shown, width) : shown.PadLeft(width));
        }

        if (next < arguments.Length)
        {
            result.Append("%!(EXTRA ").AppendJoin(", ", arguments[next..].Select(extra => $"{GoValue.TypeOf(extra)}={GoText.Of(extra, budget)}")).Append(')');
        }

        budget.Text(result.Length);
        return result.ToString();
    }

    private static int PrecisionOf(string format, ref int i)
    {
        i++;
        return Number(format, ref i);
    }

    private static string One(char verb, string flags, int? precision, object? value, TemplateBudget budget)
    {
        var sign = flags.Contains('+', StringComparison.Ordinal) ? "+" : flags.Contains(' ', StringComparison.Ordinal) ? " " : "";
        return (verb, value) switch
        {
            ('T', _) => GoValue.TypeOf(value),
            ('v', long or double) or ('d', long) => Signed(GoText.Of(value, budget), sign),
            ('v', _) => GoText.Of(value, budget),
            ('s', string text) => precision is { } most && most < text.Length ? text[..most] : text,
            ('s', IReadOnlyList<object?> or IReadOnlyDictionary<string, object?> or GoStruct or DateTimeOffset) => GoText.Of(value, budget),
            ('q', string text) => Quote(text),
            ('q' or 'c', long rune) when Rune.IsValid((int)Math.Clamp(rune, -1, int.MaxValue)) => verb == 'q' ? $"'{new Rune((int)rune)}'" : new Rune((int)rune).ToString(),
            ('t', bool flag) => flag ? "true" : "false",
            ('x' or 'X', string text) => Case(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)), verb),
            ('x' or 'X', long number) => (number < 0 ? "-" : sign) + (flags.Contains('#', StringComparison.Ordinal) ? "0" + verb : "") + Case(Math.Abs(number).ToString("x", CultureInfo.InvariantCulture), verb),
            ('o', long number) => (number < 0 ? "-" : sign) + Convert.ToString(Math.Abs(number), 8),
            ('b', long number) => (number < 0 ? "-" : sign) + Convert.ToString(Math.Abs(number), 2),
            ('f' or 'F', double number) => Signed(number.ToString("F" + Math.Min(precision ?? 6, 99).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), sign),
            ('e', double number) => Signed(Exponent(number.ToString($"e{Math.Min(precision ?? 6, 99).ToString(CultureInfo.InvariantCulture)}", CultureInfo.InvariantCulture)), sign),
            ('g', double number) => Signed(GoText.Of(number), sign),
            _ => $"%!{verb}({GoValue.TypeOf(value)}{(value is null ? "" : "=" + GoText.Of(value, budget))})",
        };
    }

    /// <summary>Go's exponents have two digits, .NET's three.</summary>
    private static string Exponent(string text) => text.Length > 5 && text[^3] == '0' && text[^5] == 'e' ? text.Remove(text.Length - 3, 1) : text;

    private static string Case(string hex, char verb) => verb == 'X' ? hex.ToUpperInvariant() : hex;

    private static string Signed(string number, string sign) => number.StartsWith('-') || number.StartsWith('+') ? number : sign + number;

    private static bool IsNumber(string text) => text.Length > 0 && (char.IsAsciiLetterOrDigit(text[0]) || text[0] is '-' or '+');

    private static string ZeroPadded(string number, int width) =>
        number[0] is '-' or '+' ? number[0] + number[1..].PadLeft(Math.Max(0, width - 1), '0') : number.PadLeft(width, '0');

    /// <summary>strconv.Quote.</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\v' => "\\v",
                < ' ' or 0x7F => $"\\x{rune.Value:x2}",
                _ => rune.ToString(),
            });
        }

        return result.Append('"').ToString();
    }

    private static string Taken(string format, ref int i, string characters)
    {
        var start = i + 1;
        while (i + 1 < format.Length && characters.Contains(format[i + 1], StringComparison.Ordinal))
        {
            i++;
        }

        return format[start..(i + 1)];
    }

    private static int Number(string format, ref int i)
    {
        var digits = Taken(format, ref i, "0123456789");
        return digits.Length == 0 ? 0
            : int.TryParse(digits, CultureInfo.InvariantCulture, out var number) && number <= Widest ? number
            : throw new TemplateCallException($"printf: a width is more than {Widest}");
    }
}
