using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class BenchCommand
{
    private static readonly Argument<string[]> More = new("arguments") { Description = "Passed on to the benchmark; see 'iot bench ca -- --help'.", Arity = ArgumentArity.ZeroOrMore };

    public static Command Create() => Verb.Group(
        "bench", "Measure: certificates per second, JOINs per second, many tenants and their telemetry on RabbitMQ.", ["iot bench ca", "iot bench join", "iot bench broker", "iot bench ingest"],
        Bench("ca", "In-process issue/s per core; sign and renew over HTTPS at concurrency 1, 8, 32, beside step-ca where it is found."),
        Bench("join", "JOINs per second, p50 and p99, with 100 tenants."),
        Bench("broker", "1,000 tenants join one after the other on a private RabbitMQ: the first hundred beside the last, and a restart."),
        Bench("ingest", "Messages per second from a private RabbitMQ to committed rows, and CPU per message, with 1 and 10 tenants."));

    private static Command Bench(string name, string description) => Verb.Create(
        name, description, [$"iot bench {name}", $"iot bench {name} --json"], (run, cancellationToken) => RunAsync(run, name, cancellationToken), More);

    private static async Task<int> RunAsync(Run run, string name, CancellationToken cancellationToken)
    {
        await using var bench = ChildProcess.Start(new ChildCommand
        {
            FileName = ProgramPath.Dotnet(),
            Arguments = [BuildOutput.Benchmarks, name, .. run.Get(More), .. run.Terminal.IsJson ? new[] { "--json" } : []],
        });
        await Task.WhenAny(bench.Exited, Task.Delay(Timeout.Infinite, cancellationToken)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return await bench.Exited.ConfigureAwait(false);
    }
}
