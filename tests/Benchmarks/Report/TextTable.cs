using System.Text;

namespace IoTPlatform.Benchmarks.Report;

internal static class TextTable
{
    /// <summary>Text columns to the left, number columns to the right.</summary>
    public static string Write(string[] header, IEnumerable<string[]> rows)
    {
        var all = rows.Prepend(header).ToList();
        var widths = Enumerable.Range(0, header.Length).Select(column => all.Max(row => row[column].Length)).ToArray();
        var isNumber = Enumerable.Range(0, header.Length).Select(column => all.Skip(1).All(row => char.IsAsciiDigit(row[column][0]))).ToArray();
        var text = new StringBuilder();
        foreach (var row in all)
        {
            text.AppendLine(string.Join("  ", row.Select((cell, column) => isNumber[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd());
        }

        return text.ToString();
    }
}
