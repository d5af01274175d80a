using System.Text.Json;
using System.Text;
using IoTPlatform.Benchmarks.Report;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>A row a kind of fault; the column of failures has to be zero.</summary>
internal sealed record SoakReport : IReport
{
    public required string Machine { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public required IReadOnlyList<SoakCount> Counts { get; init; }

    public int Failures => Counts.Sum(count => count.Failed);

    public string ToJson() => JsonSerializer.Serialize(this, BenchmarkReport.JsonOptions);

    public string ToText()
    {
        var text = new StringBuilder()
            .AppendLine("Killed, starved and attacked").AppendLine(Machine)
            .AppendLine($"{Elapsed.TotalSeconds:F0} s").AppendLine()
            .Append(TextTable.Write(
                ["fault", "tried", "failed", "a failure is", "worst"],
                Counts.Select(count => new[] { count.Name, $"{count.Tried}", $"{count.Failed}", count.Failure, count.Worst ?? "-" })));
        foreach (var count in Counts.Where(count => count.FirstFailure is not null))
        {
            text.AppendLine().AppendLine($"{count.Name}: {count.FirstFailure}");
        }

        return text.ToString().TrimEnd();
    }
}
