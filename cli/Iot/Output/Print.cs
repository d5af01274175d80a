using System.Globalization;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Tables and facts as every command prints them.</summary>
internal static class Print
{
    public static void Rows<T>(IAnsiConsole console, IReadOnlyCollection<T> rows, string none, params (string Header, Func<T, string?> Cell)[] columns)
    {
        if (rows.Count == 0)
        {
            console.MarkupLineInterpolated($"[grey]{none}[/]");
            return;
        }
        var table = new Table().Border(TableBorder.None);
        foreach (var (header, _) in columns)
            table.AddColumn(new TableColumn($"[bold]{header.EscapeMarkup()}[/]").NoWrap().PadRight(2));
        foreach (var row in rows)
            table.AddRow(columns.Select(column => new Text(column.Cell(row) ?? "-")));
        console.Write(table);
    }

    public static void Facts(IAnsiConsole console, params (string Name, string? Value)[] facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        foreach (var (name, value) in facts)
        {
            if (value is not null)
                grid.AddRow(new Text(name, new Style(decoration: Decoration.Bold)), new Text(value));
        }
        console.Write(grid);
    }

    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string? Time(DateTimeOffset? time) => time is { } known ? Time(known) : null;
}
