using System.Globalization;
using IoTPlatform.Benchmarks.Soak;

namespace IoTPlatform.Benchmarks;

/// <summary>The command line.</summary>
internal sealed record BenchmarkOptions
{
    public const string Usage = """
        usage: IoTPlatform.Benchmarks ca   [--seconds N] [--concurrency 1,8,32] [--issued 10000000] [--without-peer] [--json]
               IoTPlatform.Benchmarks acme [--concurrency 1,8] [--quick] [--without-peer] [--json]
               IoTPlatform.Benchmarks join [--tenants N] [--concurrency 8] [--json]
               IoTPlatform.Benchmarks broker [--tenants 1000] [--json]
               IoTPlatform.Benchmarks ingest [--messages 100000] [--concurrency 1,10] [--json]
               IoTPlatform.Benchmarks mqtt [--messages 100000] [--connections 2000] [--quick] [--without-peer] [--json]
               IoTPlatform.Benchmarks revocation [--issued 1000000] [--revoked 100000] [--connections 2000] [--messages 100000] [--concurrency 1,8] [--quick] [--without-peer] [--json]
               IoTPlatform.Benchmarks identity [--concurrency 8] [--quick] [--without-peer] [--json]
               IoTPlatform.Benchmarks portal [--issued 10000000] [--pages 200] [--quick] [--json]
               IoTPlatform.Benchmarks soak [--minutes N] [--only "first boots"] [--json]
        """;

    public required string Name { get; init; }

    /// <summary>How long each measurement takes, about.</summary>
    public int Seconds { get; init; } = 10;

    public IReadOnlyList<int> Concurrency { get; init; } = [];

    public int Tenants { get; init; } = 100;

    /// <summary>Of all tenants together; questions to OCSP.</summary>
    public int Messages { get; init; } = 100_000;

    /// <summary>That are idle.</summary>
    public int Connections { get; init; } = 2000;

    /// <summary>Certificates in the ledger; of <c>ca</c>, in that of a second provider, 0 for none.</summary>
    public int Issued { get; init; }

    /// <summary>Of those.</summary>
    public int Revoked { get; init; } = 100_000;

    /// <summary>That are open at once.</summary>
    public int Pages { get; init; } = 200;

    /// <summary>To see that it runs; the figures mean nothing.</summary>
    public bool Quick { get; init; }

    /// <summary>For how long rounds are played; null for every round once.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The one round to play; null for all.</summary>
    public string? Only { get; init; }

    public bool WithoutPeer { get; init; }

    public bool Json { get; init; }

    public static BenchmarkOptions? Parse(string[] args, out string error)
    {
        error = "";
        if (args is not [("ca" or "acme" or "join" or "broker" or "ingest" or "mqtt" or "revocation" or "identity" or "portal" or "soak") and var name, .. var rest])
        {
            error = "say which benchmark";
            return null;
        }

        var options = new BenchmarkOptions { Name = name, Concurrency = name switch { "ca" => [1, 8, 32], "acme" => [1, 8], "ingest" => [1, 10], "revocation" => [1, 8], _ => [8] }, Tenants = name == "broker" ? 1000 : 100, Issued = name switch { "portal" => 10_000_000, "revocation" => 1_000_000, _ => 0 } };
        for (var i = 0; i < rest.Length; i++)
        {
            var value = i + 1 < rest.Length ? rest[i + 1] : "";
            switch (rest[i])
            {
                case "--json":
                    options = options with { Json = true };
                    break;
                case "--without-peer":
                    options = options with { WithoutPeer = true };
                    break;
                case "--quick":
                    options = options with { Quick = true };
                    break;
                case "--connections" when Number(value, 1, 10_000) is { } connections:
                    options = options with { Connections = connections };
                    i++;
                    break;
                case "--issued" when Number(value, 1000, 100_000_000) is { } issued:
                    options = options with { Issued = issued };
                    i++;
                    break;
                case "--revoked" when Number(value, 1000, 10_000_000) is { } revoked:
                    options = options with { Revoked = revoked };
                    i++;
                    break;
                case "--pages" when Number(value, 1, 1000) is { } pages:
                    options = options with { Pages = pages };
                    i++;
                    break;
                case "--seconds" when Number(value, 1, 600) is { } seconds:
                    options = options with { Seconds = seconds };
                    i++;
                    break;
                case "--tenants" when Number(value, 1, 10_000) is { } tenants:
                    options = options with { Tenants = tenants };
                    i++;
                    break;
                case "--minutes" when Number(value, 1, 100_000) is { } minutes:
                    options = options with { Duration = TimeSpan.FromMinutes(minutes) };
                    i++;
                    break;
                case "--only" when SoakRound.All.Any(round => round.Name == value):
                    options = options with { Only = value };
                    i++;
                    break;
                case "--only":
                    error = $"no round is called {value}; there are: {string.Join(", ", SoakRound.All.Select(round => round.Name))}";
                    return null;
                case "--messages" when Number(value, 100, 10_000_000) is { } messages:
                    options = options with { Messages = messages };
                    i++;
                    break;
                case "--concurrency" when value.Split(',').Select(part => Number(part, 1, 512)).ToList() is var levels && levels.TrueForAll(level => level is not null):
                    options = options with { Concurrency = [.. levels.Select(level => level!.Value)] };
                    i++;
                    break;
                default:
                    error = $"can't understand {rest[i]} {value}".TrimEnd();
                    return null;
            }
        }

        options = options with { Revoked = Math.Min(options.Issued, options.Revoked) };
        return options;
    }

    private static int? Number(string text, int least, int most)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;
}
