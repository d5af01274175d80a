using System.Text;
using System.Text.Json;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;

namespace IoTPlatform.Benchmarks.Identity;

/// <summary>One identity provider.</summary>
internal sealed record IdentityProviderResult
{
    public required string Server { get; init; }

    /// <summary>With an empty folder, until it answers: database, schema, keys and, with the platform, the CA.</summary>
    public required double FirstStartMilliseconds { get; init; }

    /// <summary>The same data again.</summary>
    public required double RestartMilliseconds { get; init; }

    public required double MiBIdle { get; init; }

    public required double DatabaseMiBIdle { get; init; }

    public required double MiBAfterwards { get; init; }

    public required double DatabaseMiBAfterwards { get; init; }

    public required IReadOnlyList<LoadResult> Loads { get; init; }
}

internal sealed record IdentityReport : IReport
{
    public required string Machine { get; init; }

    public required IReadOnlyList<IdentityProviderResult> Servers { get; init; }

    /// <summary>Of one core.</summary>
    public required double HashesPerSecond { get; init; }

    public int Failures => Servers.Sum(server => server.Loads.Sum(load => load.Failures));

    public string ToJson() => JsonSerializer.Serialize(this, BenchmarkReport.JsonOptions);

    public string ToText()
    {
        var text = new StringBuilder().AppendLine("Identity providers").AppendLine(Machine);
        text.AppendLine().Append(TextTable.Write(
            ["server", "first start ms", "restart ms", "idle MiB", "its database MiB", "afterwards MiB", "its database MiB"],
            Servers.Select(s => new[]
            {
                s.Server, $"{s.FirstStartMilliseconds:F0}", $"{s.RestartMilliseconds:F0}", $"{s.MiBIdle:F0}", $"{s.DatabaseMiBIdle:F0}", $"{s.MiBAfterwards:F0}", $"{s.DatabaseMiBAfterwards:F0}",
            })));
        text.AppendLine().Append(TextTable.Write(
            ["server", "operation", "clients", "requests", "failed", "per second", "p50 ms", "p99 ms", "CPU us each", "of that the database"],
            Servers.SelectMany(s => s.Loads).Select(load => new[]
            {
                load.Server, load.Operation, $"{load.Concurrency}", $"{load.Requests}", $"{load.Failures}", $"{load.PerSecond:F0}", $"{load.P50Milliseconds:F1}", $"{load.P99Milliseconds:F1}",
                $"{load.CpuMicroseconds:F0}", $"{load.DatabaseCpuMicroseconds:F0}",
            })));
        text.AppendLine().AppendLine($"PBKDF2-HMAC-SHA-512, 210,000 iterations, on one core: {1_000_000 / HashesPerSecond:F0} us each");
        return text.ToString().TrimEnd();
    }
}
