using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>The differences from step-ca that docs/step-ca-divergences.md has: what is compared is what is documented.</summary>
internal static class DocumentedDivergences
{
    /// <summary>Lines of <c>request | step-ca's answer | ours</c> of the table below that paragraph; the requests of a row, <c>part: one; another</c>, are a line each.</summary>
    public static IReadOnlyList<string> Of(string paragraph)
    {
        var lines = File.ReadAllLines(Path.Combine(Tools.RepositoryRoot, "docs", "step-ca-divergences.md"));
        var rows = lines.SkipWhile(line => !line.StartsWith(paragraph, StringComparison.Ordinal)).SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|')).ToList();
        rows.Count.ShouldBeGreaterThan(2, $"No table is below: {paragraph}");
        return
        [
            .. from row in rows.Skip(2)
               let cells = row.Replace("`", "", StringComparison.Ordinal).Trim('|', ' ').Split(" | ")
               where cells.Length == 4 && cells.All(cell => cell.Length > 0) ? true : throw new InvalidOperationException($"A difference has no reason: {row}")
               let part = cells[0][..(cells[0].IndexOf(": ", StringComparison.Ordinal) + 2)]
               from request in cells[0][part.Length..].Split("; ")
               select $"{part}{request} | {cells[1]} | {cells[2]}",
        ];
    }
}
