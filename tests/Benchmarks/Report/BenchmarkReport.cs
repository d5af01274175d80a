using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using IoTPlatform.Benchmarks.Measurement;

namespace IoTPlatform.Benchmarks.Report;

/// <summary>Everything one run measured.</summary>
internal sealed record BenchmarkReport : IReport
{
    internal static JsonSerializerOptions JsonOptions { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required string Title { get; init; }

    public required string Machine { get; init; }

    public IReadOnlyList<CoreResult> Core { get; init; } = [];

    public IReadOnlyList<FootprintResult> Footprints { get; init; } = [];

    public IReadOnlyList<IdleResult> Idle { get; init; } = [];

    public IReadOnlyList<LoadResult> Loads { get; init; } = [];

    public IReadOnlyList<string> Notes { get; init; } = [];

    public int Failures => Loads.Sum(load => load.Failures);

    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);

    public string ToText()
    {
        var text = new StringBuilder().AppendLine(Title).AppendLine(Machine);
        if (Core.Count > 0)
        {
            text.AppendLine().Append(TextTable.Write(
                ["in process", "per second", "us each"],
                Core.Select(core => new[] { core.Operation, $"{core.PerSecond:F0}", $"{1_000_000 / core.PerSecond:F1}" })));
        }

        if (Footprints.Count > 0)
        {
            text.AppendLine().Append(TextTable.Write(
                ["server", "first signature ms", "server MiB", "database MiB", "after 10,000: server MiB", "database MiB"],
                Footprints.Select(f => new[]
                {
                    f.Server, $"{f.FirstSignatureMilliseconds:F0}", $"{f.ServerMiB:F0}", $"{f.DatabaseMiB:F0}", $"{f.ServerMiBAfterwards:F0}", $"{f.DatabaseMiBAfterwards:F0}",
                })));
        }

        text.AppendLine().Append(TextTable.Write(
            ["server", "operation", "clients", "requests", "failed", "per second", "p50 ms", "p99 ms", "server us", "database us", "CPU us each"],
            Loads.Select(load => new[]
            {
                load.Server, load.Operation, $"{load.Concurrency}", $"{load.Requests}", $"{load.Failures}", $"{load.PerSecond:F0}",
                Milliseconds(load.P50Milliseconds), Milliseconds(load.P99Milliseconds), $"{load.ServerCpuMicroseconds:F0}", $"{load.DatabaseCpuMicroseconds:F0}", $"{load.CpuMicroseconds:F0}",
            })));
        if (Idle.Count > 0)
        {
            text.AppendLine().Append(TextTable.Write(["server", "idle connections", "KiB each"], Idle.Select(idle => new[] { idle.Server, $"{idle.Connections}", $"{idle.KiBEach:F1}" })));
        }

        foreach (var note in Notes)
        {
            text.AppendLine().AppendLine(note);
        }

        return text.ToString().TrimEnd();
    }

    private static string Milliseconds(double? measured) => measured is { } value ? value.ToString("F2", CultureInfo.InvariantCulture) : "-";
}
