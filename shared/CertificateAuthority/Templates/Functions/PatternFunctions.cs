using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Regular expressions as RE2 reads them, matched in a time that grows with the text alone.</summary>
internal static class PatternFunctions
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        .. new[] { "", "must" }.SelectMany(prefix => new TemplateFunction[]
        {
            new(Named(prefix, "Match"), 2, 2, call => Pattern(call, 0, call.Text(1)).IsMatch(call.Text(1))),
            new(Named(prefix, "Find"), 2, 2, call => Pattern(call, 0, call.Text(1)).Match(call.Text(1)).Value),
            new(Named(prefix, "FindAll"), 3, 3, call => Found(call)),
            new(Named(prefix, "ReplaceAll"), 3, 3, call => Replaced(call, isLiteral: false)),
            new(Named(prefix, "ReplaceAllLiteral"), 3, 3, call => Replaced(call, isLiteral: true)),
            new(Named(prefix, "Split"), 3, 3, Split),
        }),
        new("regexQuoteMeta", 1, 1, call => call.Made(Regex.Replace(call.Text(0), @"[\\.+*?()|\[\]{}^$]", @"\$0", RegexOptions.NonBacktracking))),
    ];

    private static string Named(string prefix, string name) => prefix.Length == 0 ? "regex" + name : "mustRegex" + name;

    private static Regex Pattern(TemplateCall call, int at, string text) => Pattern(call, at, text, out _);

    /// <param name="size">Of the expression, repetitions within it included: what each character costs.</param>
    private static Regex Pattern(TemplateCall call, int at, string text, out long size)
    {
        (var pattern, size) = Re2.Of(call.Text(at));
        call.Budget.Step(1 + (((long)text.Length + 1) * (size + 1) / 16));
        return pattern;
    }

    /// <summary>One after the other. Each may be looked for up to the text's end, and is paid for before the next.</summary>
    private static IEnumerable<Match> Matches(TemplateCall call, string text)
    {
        for (var match = Pattern(call, 0, text, out var size).Match(text); match.Success; match = match.NextMatch())
        {
            Charge(call.Budget, text, match, size);
            yield return match;
        }
    }

    private static void Charge(TemplateBudget budget, string text, Match match, long size) => budget.Step(1 + ((text.Length - match.Index) * size / 256));

    private static IReadOnlyList<object?> Found(TemplateCall call)
    {
        var matches = Matches(call, call.Text(1)).Select(match => match.Value);
        return GoValue.ListOf(call.Made(call.Int(2) < 0 ? matches : matches.Take(call.Int(2))).Cast<string>());
    }

    private static string Replaced(TemplateCall call, bool isLiteral)
    {
        var (text, with) = (call.Text(1), call.Text(2));
        var budget = call.Budget;
        return Pattern(call, 0, text, out var size).Replace(text, match =>
        {
            Charge(budget, text, match, size);
            var made = isLiteral ? with : Re2.Expand(with, match);
            budget.Text(made.Length);
            return made;
        });
    }

    private static IReadOnlyList<object?> Split(TemplateCall call)
    {
        var (text, most) = (call.Text(1), call.Int(2));
        if (most == 0)
        {
            return GoValue.ListOf([]);
        }

        var parts = new List<string>();
        var from = 0;
        foreach (var match in Matches(call, text).Where(match => match.Length > 0 || (match.Index > 0 && match.Index < text.Length)))
        {
            if (most > 0 && parts.Count == most - 1)
            {
                break;
            }

            parts.Add(text[from..match.Index]);
            from = match.Index + match.Length;
        }

        parts.Add(text[from..]);
        call.Budget.Step(parts.Count);
        return GoValue.ListOf(parts);
    }
}

/// <summary>RE2's syntax in .NET's: what they share means the same; where they differ, RE2's meaning is written out.</summary>
internal static class Re2
{
    private const int MaxLength = 1000;

    /// <summary>Of repetitions within each other: each state is memory.</summary>
    private const int MostRepeated = 1000;

    /// <summary>Each keeps the states that it has met.</summary>
    private const int MostKept = 100;

    private static readonly ConcurrentDictionary<string, (Regex Pattern, long Size)> Kept = new(StringComparer.Ordinal);

    /// <summary>With its size: its length and its repetitions. Throws <see cref="TemplateCallException"/>.</summary>
    public static (Regex Pattern, long Size) Of(string pattern)
    {
        if (Kept.TryGetValue(pattern, out var known))
        {
            return known;
        }

        if (pattern.Length > MaxLength)
        {
            throw new TemplateCallException($"a regular expression has more than {MaxLength} characters");
        }

        try
        {
            var made = new Regex(Translate(pattern, out var repeated), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Regex.InfiniteMatchTimeout);
            if (Kept.Count >= MostKept)
            {
                Kept.Clear();
            }

            return Kept.GetOrAdd(pattern, (made, pattern.Length + repeated));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new TemplateCallException($"the regular expression is not understood: {e.Message}", inner: e);
        }
    }

    /// <summary><c>$1</c>, <c>${1}</c> and <c>${name}</c>; a name without braces is as long as possible.</summary>
    public static string Expand(string with, Match match)
    {
        var result = new StringBuilder();
        for (var i = 0; i < with.Length; i++)
        {
            if (with[i] != '$' || i + 1 == with.Length)
            {
                result.Append(with[i]);
                continue;
            }

            if (with[i + 1] == '$')
            {
                result.Append('$');
                i++;
                continue;
            }

            var isBraced = with[i + 1] == '{';
            var start = i + (isBraced ? 2 : 1);
            var end = start;
            while (end < with.Length && (char.IsAsciiLetterOrDigit(with[end]) || with[end] == '_'))
            {
                end++;
            }

            if (end == start || (isBraced && (end == with.Length || with[end] != '}')))
            {
                result.Append('$');
                continue;
            }

            result.Append(match.Groups[with[start..end]].Value);
            i = isBraced ? end : end - 1;
        }

        return result.ToString();
    }

    private static string Translate(string pattern, out long repeated)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var isInClass = false;
        repeated = 1;
        var isMultiline = pattern.Contains("(?m", StringComparison.Ordinal) || pattern.Contains("(?im", StringComparison.Ordinal) || pattern.Contains("(?sm", StringComparison.Ordinal);
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            switch (c)
            {
                case '\\' when i + 1 < pattern.Length:
                    result.Append(Escape(pattern[++i], isInClass));
                    break;
                case '[' when !isInClass:
                    isInClass = true;
                    result.Append(c);
                    // A bracket that comes first is one of the class.
                    foreach (var first in new[] { '^', ']' }.Where(first => i + 1 < pattern.Length && pattern[i + 1] == first).ToList())
                    {
                        if (pattern[i + 1] == first)
                        {
                            result.Append(first == ']' ? "\\]" : "^");
                            i++;
                        }
                    }

                    break;
                case '[' when i + 1 < pattern.Length && pattern[i + 1] == ':':
                    var end = pattern.IndexOf(":]", i, StringComparison.Ordinal);
                    result.Append(end > 0 ? Posix(pattern[(i + 2)..end]) : "\\[");
                    i = end > 0 ? end + 1 : i;
                    break;
                case '[':
                    result.Append("\\[");
                    break;
                case ']' when isInClass:
                    isInClass = false;
                    result.Append(c);
                    break;
                case '$' when !isInClass && !isMultiline:
                    // .NET's matches before a line feed at the end, too.
                    result.Append("\\z");
                    break;
                case '(' when !isInClass && pattern.AsSpan(i).StartsWith("(?P<"):
                    result.Append("(?<");
                    i += 3;
                    break;
                case '{' when !isInClass:
                    repeated = checked(repeated * Math.Max(1, Repetition(pattern, i)));
                    if (repeated > MostRepeated)
                    {
                        throw new TemplateCallException($"a regular expression repeats more than {MostRepeated} times");
                    }

                    result.Append(c);
                    break;
                default:
                    result.Append(c);
                    break;
            }
        }

        return result.ToString();
    }

    /// <summary>The greater number in braces; 1: they are no repetition.</summary>
    private static long Repetition(string pattern, int at)
    {
        var end = pattern.IndexOf('}', at);
        return end < 0 ? 1 : pattern[(at + 1)..end].Split(',').Max(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, MostRepeated + 1) : 1);
    }

    /// <summary>RE2's classes are ASCII's.</summary>
    private static string Escape(char c, bool isInClass) => c switch
    {
        'd' => isInClass ? "0-9" : "[0-9]",
        'w' => isInClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]",
        's' => isInClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]",
        'D' when !isInClass => "[^0-9]",
        'W' when !isInClass => "[^0-9A-Za-z_]",
        'S' when !isInClass => "[^\\t\\n\\f\\r ]",
        'D' or 'W' or 'S' => throw new TemplateCallException($"\\{c} within a class of a regular expression is not understood"),
        'z' => "\\z",
        _ => $"\\{c}",
    };

    private static string Posix(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "digit" => "0-9",
        "lower" => "a-z",
        "upper" => "A-Z",
        "xdigit" => "0-9A-Fa-f",
        "space" => "\\t\\n\\v\\f\\r ",
        "word" => "0-9A-Za-z_",
        _ => throw new TemplateCallException($"the class {name} of a regular expression is not understood"),
    };
}
