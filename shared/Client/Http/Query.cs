using System.Globalization;

namespace IoTPlatform.Client;

internal static class Query
{
    public static string Build(string path, params (string Name, string? Value)[] values)
    {
        var query = string.Join('&', values.Where(v => v.Value is not null).Select(v => $"{v.Name}={Uri.EscapeDataString(v.Value!)}"));
        return query.Length == 0 ? path : $"{path}?{query}";
    }

    public static string? Of(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    public static string? Of(bool? value) => value is { } b ? (b ? "true" : "false") : null;

    public static string? Of(DateTimeOffset? value) => value?.ToString("O", CultureInfo.InvariantCulture);
}
