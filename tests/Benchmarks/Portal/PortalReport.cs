using System.Globalization;
using System.Text;
using System.Text.Json;
using IoTPlatform.Benchmarks.Report;

namespace IoTPlatform.Benchmarks.Portal;

/// <param name="What">The list or page, and of whose.</param>
/// <param name="P50Milliseconds">From the request to the last byte, or what <paramref name="What"/> says.</param>
/// <param name="MostMilliseconds">The slowest.</param>
/// <param name="LimitMilliseconds">What it may take.</param>
internal sealed record PortalTime(string What, double P50Milliseconds, double MostMilliseconds, double LimitMilliseconds);

/// <summary>The provider while pages are open.</summary>
/// <param name="ServerCores">CPU seconds a second.</param>
internal sealed record PortalUse(string When, int Pages, double ServerCores, double DatabaseCores, double ServerMiB, double DatabaseMiB);

/// <summary>What <c>bench portal</c> measured.</summary>
internal sealed record PortalReport : IReport
{
    public required string Machine { get; init; }

    public required IReadOnlyList<PortalTime> Times { get; init; }

    public required IReadOnlyList<PortalUse> Uses { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    public required int LostPages { get; init; }

    public int Failures => LostPages + Times.Count(time => time.P50Milliseconds > time.LimitMilliseconds);

    public string ToJson() => JsonSerializer.Serialize(this, BenchmarkReport.JsonOptions);

    public string ToText()
    {
        var text = new StringBuilder().AppendLine("Portals").AppendLine(Machine).AppendLine();
        text.Append(TextTable.Write(
            ["what", "p50 ms", "most ms", "may be", "too slow"],
            Times.Select(time => new[] { time.What, Number(time.P50Milliseconds), Number(time.MostMilliseconds), Number(time.LimitMilliseconds), time.P50Milliseconds > time.LimitMilliseconds ? "yes" : "no" })));
        text.AppendLine().Append(TextTable.Write(
            ["provider", "pages", "server cores", "database cores", "server MiB", "database MiB"],
            Uses.Select(use => new[] { use.When, $"{use.Pages}", $"{use.ServerCores:F2}", $"{use.DatabaseCores:F2}", Number(use.ServerMiB), Number(use.DatabaseMiB) })));
        foreach (var note in Notes)
        {
            text.AppendLine().AppendLine(note);
        }

        return text.ToString().TrimEnd();
    }

    private static string Number(double value) => value.ToString("F0", CultureInfo.InvariantCulture);
}
