using System.Globalization;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Tables and facts as every command prints them: aligned, never cut or wrapped, so that a serial number can be copied.</summary>
internal static class Print
{
    private const string Gap = "  ";

    public static void Rows<T>(IAnsiConsole console, IReadOnlyCollection<T> rows, string none, params (string Header, Func<T, string?> Cell)[] columns)
    {
        if (rows.Count == 0)
        {
            console.MarkupLineInterpolated($"[grey]{none}[/]");
            return;
        }
        var cells = rows.Select(row => columns.Select(column => OneLine(column.Cell(row) ?? "-")).ToArray()).ToArray();
        var widths = columns.Select((column, i) => Math.Max(column.Header.Length, cells.Max(row => row[i].Length))).ToArray();
        console.MarkupLineInterpolated($"[bold]{Line([.. columns.Select(column => column.Header)], widths)}[/]");
        foreach (var row in cells)
        {
            console.WriteLine(Line(row, widths));
        }
    }

    /// <summary>A value of several lines is indented; null is left out.</summary>
    public static void Facts(IAnsiConsole console, params (string Name, string? Value)[] facts)
    {
        var width = facts.Where(fact => fact.Value is not null).Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts)
        {
            if (value is null)
            {
                continue;
            }

            var lines = value.Split('\n');
            console.MarkupLineInterpolated($"[bold]{name.PadRight(width)}[/]{Gap}{OneLine(lines[0])}");
            foreach (var line in lines.Skip(1))
            {
                console.WriteLine(new string(' ', width) + Gap + OneLine(line));
            }
        }
    }

    /// <summary>One line of a growing table: the widths of later lines are unknown.</summary>
    public static string Line(params IEnumerable<string> cells) => string.Join(Gap, cells.Select(OneLine));

    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string? Time(DateTimeOffset? time) => time is { } known ? Time(known) : null;

    public static string Seconds(double milliseconds) => (milliseconds / 1000).ToString("0.00 s", CultureInfo.InvariantCulture);

    private static string Line(string[] cells, int[] widths) => string.Join(Gap, cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();

    // What a server says lands on a terminal: one line, no escape sequences.
    private static string OneLine(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
}
