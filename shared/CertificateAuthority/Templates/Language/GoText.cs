using System.Globalization;
using System.Text;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Values as Go's fmt writes them by <c>%v</c>.</summary>
internal static class GoText
{
    /// <summary>What an action writes for nothing.</summary>
    public const string NoValue = "<no value>";

    public static string Of(object? value, TemplateBudget budget)
    {
        if (value is string text)
        {
            return text;
        }

        var result = new StringBuilder();
        Append(result, value, budget, 0);
        return result.ToString();
    }

    /// <summary>The shortest digits that are read as the same number, in Go's notation <c>%g</c>.</summary>
    public static string Of(double value) =>
        double.IsFinite(value) ? Shortest(value, lowest: -4, beyond: 6) : double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

    /// <summary>As encoding/json writes numbers. Throws <see cref="TemplateCallException"/> for what is none.</summary>
    public static string JsonOf(double value) =>
        double.IsFinite(value) ? Shortest(value, lowest: -6, beyond: 21).Replace("e-0", "e-", StringComparison.Ordinal) : throw new TemplateCallException("JSON has no such number");

    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture) + " +0000 UTC";

    /// <param name="value">Finite.</param>
    /// <param name="lowest">Exponent of the smallest number that is written without one.</param>
    /// <param name="beyond">Exponent of the smallest number beyond those.</param>
    private static string Shortest(double value, int lowest, int beyond)
    {
        if (value == 0)
        {
            return double.IsNegative(value) ? "-0" : "0";
        }

        // Digits and exponent out of the BCL's shortest form, whichever notation it chose.
        var sign = value < 0 ? "-" : "";
        var written = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        var parts = written[0].Split('.');
        var digits = string.Concat(parts).TrimStart('0');
        var exponent = (written.Length > 1 ? int.Parse(written[1], CultureInfo.InvariantCulture) : 0) + parts[0].Length - 1 - (string.Concat(parts).Length - digits.Length);
        digits = digits.TrimEnd('0');
        if (exponent < lowest || exponent >= beyond)
        {
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
        }

        return exponent < 0 ? $"{sign}0.{new string('0', -exponent - 1)}{digits}"
            : digits.Length <= exponent + 1 ? sign + digits.PadRight(exponent + 1, '0')
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static void Append(StringBuilder result, object? value, TemplateBudget budget, int depth)
    {
        GoValue.RequireDepth(depth);
        budget.Step();
        switch (value)
        {
            case null:
                result.Append("<nil>");
                break;
            case string text:
                budget.Text(text.Length);
                result.Append(text);
                break;
            case bool flag:
                result.Append(flag ? "true" : "false");
                break;
            case long number:
                result.Append(number);
                break;
            case double number:
                result.Append(Of(number));
                break;
            case DateTimeOffset time:
                result.Append(Of(time));
                break;
            case IReadOnlyList<object?> list:
                Join(result, "[", list, "]", budget, depth + 1);
                break;
            case IReadOnlyDictionary<string, object?> map:
                var isNext = false;
                result.Append("map[");
                foreach (var (key, member) in map.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                {
                    budget.Text(key.Length);
                    result.Append(isNext ? " " : "").Append(key).Append(':');
                    Append(result, member, budget, depth + 1);
                    isNext = true;
                }

                result.Append(']');
                break;
            case GoStruct one:
                Join(result, one.Type.StartsWith('*') ? "&{" : "{", one.Fields.Select(field => field.Value), "}", budget, depth + 1);
                break;
        }
    }

    private static void Join(StringBuilder result, string before, IEnumerable<object?> values, string after, TemplateBudget budget, int depth)
    {
        var isNext = false;
        result.Append(before);
        foreach (var value in values)
        {
            result.Append(isNext ? " " : "");
            Append(result, value, budget, depth);
            isNext = true;
        }

        result.Append(after);
    }
}
