using System.Globalization;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>sprig's functions of texts. Lengths are characters here, bytes in Go: the same for the names that are certified.</summary>
internal static class TextFunctions
{
    private const int Widest = 1000;

    /// <summary>Comparisons of characters.</summary>
    private const int PerStep = 4096;

    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("trim", 1, 1, call => call.Text(0).Trim()),
        new("trimAll", 2, 2, call => Searched(call, call.Text(0), call.Text(1)).Trim(call.Text(0).ToCharArray())),
        new("trimall", 2, 2, call => Searched(call, call.Text(0), call.Text(1)).Trim(call.Text(0).ToCharArray())),
        new("trimPrefix", 2, 2, call => call.Text(1).StartsWith(call.Text(0), StringComparison.Ordinal) ? call.Text(1)[call.Text(0).Length..] : call.Text(1)),
        new("trimSuffix", 2, 2, call => call.Text(1).EndsWith(call.Text(0), StringComparison.Ordinal) ? call.Text(1)[..^call.Text(0).Length] : call.Text(1)),
        new("nospace", 1, 1, call => string.Concat(call.Text(0).Where(c => !char.IsWhiteSpace(c)))),
        new("lower", 1, 1, call => call.Text(0).ToLowerInvariant()),
        new("upper", 1, 1, call => call.Text(0).ToUpperInvariant()),
        new("title", 1, 1, call => Words(call.Text(0), char.ToUpperInvariant)),
        new("untitle", 1, 1, call => Words(call.Text(0), char.ToLowerInvariant)),
        new("swapcase", 1, 1, call => string.Concat(call.Text(0).Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)))),
        new("repeat", 2, 2, Repeat),
        new("substr", 3, 3, call => Substring(call.Int(0), call.Int(1), call.Text(2))),
        new("trunc", 2, 2, call => Truncate(call.Int(0), call.Text(1))),
        new("initials", 1, 1, call => string.Concat(call.Text(0).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word[0]))),
        new("contains", 2, 2, call => Searched(call, call.Text(0), call.Text(1)).Contains(call.Text(0), StringComparison.Ordinal)),
        new("hasPrefix", 2, 2, call => call.Text(1).StartsWith(call.Text(0), StringComparison.Ordinal)),
        new("hasSuffix", 2, 2, call => call.Text(1).EndsWith(call.Text(0), StringComparison.Ordinal)),
        new("quote", 0, int.MaxValue, call => call.Made(string.Join(' ', call.All.Where(value => value is not null).Select(value => GoFormat.Quote(call.Show(value)))))),
        new("squote", 0, int.MaxValue, call => call.Made(string.Join(' ', call.All.Where(value => value is not null).Select(value => $"'{call.Show(value)}'")))),
        new("cat", 0, int.MaxValue, call => call.Made(string.Join(' ', call.All.Where(value => value is not null).Select(call.Show)))),
        new("indent", 2, 2, call => Indent(call)),
        new("nindent", 2, 2, call => "\n" + Indent(call)),
        new("replace", 3, 3, Replace),
        new("plural", 3, 3, call => call.Int(2) == 1 ? call.Text(0) : call.Text(1)),
        new("snakecase", 1, 1, call => Separated(call.Text(0), '_')),
        new("kebabcase", 1, 1, call => Separated(call.Text(0), '-')),
        new("camelcase", 1, 1, call => string.Concat(call.Text(0).Split(['_', '-', ' '], StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]))),
        new("split", 2, 2, call => Numbered(Parts(call, 0, 1))),
        new("splitn", 3, 3, call => Numbered(call.Int(1) <= 0 ? Parts(call, 0, 2) : call.Made(Searched(call, call.Text(0), call.Text(2)).Split(call.Text(0), call.Int(1))))),
        new("splitList", 2, 2, call => GoValue.ListOf(Parts(call, 0, 1).Cast<string>())),
        new("join", 2, 2, Join),
        new("sortAlpha", 1, 1, call => GoValue.ListOf(call.Texts(0).Order(StringComparer.Ordinal))),
        new("toString", 1, 1, call => call.Shown(0)),
        new("toStrings", 1, 1, call => GoValue.ListOf(call.Texts(0))),
        new("fail", 1, 1, call => throw new TemplateCallException(call.Text(0), isRefusal: true)),
    ];

    private static object Repeat(TemplateCall call)
    {
        var (count, text) = (call.Int(0), call.Text(1));
        call.Budget.Text((long)Math.Max(0, count) * text.Length);
        return count < 0 ? throw new TemplateCallException("repeat: the count is negative") : new StringBuilder(text.Length * count).Insert(0, text, count).ToString();
    }

    private static object Replace(TemplateCall call)
    {
        var (old, with, text) = (call.Text(0), call.Text(1), call.Text(2));
        _ = Searched(call, old, text);
        var places = old.Length == 0 ? text.Length + 1 : (text.Length - text.Replace(old, "", StringComparison.Ordinal).Length) / old.Length;
        call.Budget.Text(text.Length + ((long)places * with.Length));
        return old.Length == 0 ? with + string.Concat(text.Select(c => c + with)) : text.Replace(old, with, StringComparison.Ordinal);
    }

    private static object Join(TemplateCall call)
    {
        var (separator, texts) = (call.Text(0), call.Texts(1));
        call.Budget.Text(((long)separator.Length * texts.Count) + texts.Sum(text => (long)text.Length));
        return string.Join(separator, texts);
    }

    private static string Indent(TemplateCall call)
    {
        var (spaces, text) = (call.Int(0), call.Text(1));
        if (spaces is < 0 or > Widest)
        {
            throw new TemplateCallException($"indent: it goes from 0 to {Widest}");
        }

        var margin = new string(' ', spaces);
        call.Budget.Text(text.Length + ((long)spaces * (text.Count('\n') + 1)));
        return margin + text.Replace("\n", "\n" + margin, StringComparison.Ordinal);
    }

    /// <summary>Of an empty separator: the characters.</summary>
    private static List<object?> Parts(TemplateCall call, int separator, int text) =>
        call.Made(call.Text(separator).Length == 0 ? call.Text(text).EnumerateRunes().Select(rune => (object?)rune.ToString()) : Searched(call, call.Text(separator), call.Text(text)).Split(call.Text(separator)));

    /// <summary>sprig's split: <c>_0</c>, <c>_1</c>, …</summary>
    private static Dictionary<string, object?> Numbered(List<object?> parts) =>
        parts.Select((part, index) => (part, index)).ToDictionary(one => "_" + one.index.ToString(CultureInfo.InvariantCulture), one => one.part, StringComparer.Ordinal);

    private static string Substring(int start, int end, string text) =>
        start < 0 ? text[..Within(end, text)] : end < 0 || end > text.Length ? text[Within(start, text)..] : text[Within(start, text)..Math.Max(Within(start, text), end)];

    /// <summary>The text, paid for: what is looked for in it may be compared at every place.</summary>
    private static string Searched(TemplateCall call, string wanted, string text)
    {
        call.Budget.Step((long)wanted.Length * text.Length / PerStep);
        return text;
    }

    private static int Within(int index, string text) => index >= 0 && index <= text.Length ? index : throw new TemplateCallException("substr: it is beyond the text's end");

    private static string Truncate(int count, string text) => count < 0 && text.Length + count > 0 ? text[(text.Length + count)..] : count >= 0 && text.Length > count ? text[..count] : text;

    private static string Words(string text, Func<char, char> change) =>
        string.Concat(text.Select((c, index) => index == 0 || char.IsWhiteSpace(text[index - 1]) ? change(c) : c));

    /// <summary>A separator before each capital that follows a small letter or a digit, and for spaces and other separators.</summary>
    private static string Separated(string text, char separator)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '_' or '-' or ' ' or '.')
            {
                result.Append(result.Length > 0 && result[^1] != separator ? separator.ToString() : "");
            }
            else
            {
                var begins = char.IsUpper(c) && i > 0 && (char.IsLower(text[i - 1]) || char.IsDigit(text[i - 1]) || (char.IsUpper(text[i - 1]) && i + 1 < text.Length && char.IsLower(text[i + 1])));
                result.Append(begins && result.Length > 0 && result[^1] != separator ? separator.ToString() : "").Append(char.ToLowerInvariant(c));
            }
        }

        return result.ToString();
    }
}
