using System.CommandLine;
using System.Globalization;

namespace IoTPlatform.Iot;

internal static class BenchCommand
{
    private static readonly Argument<string[]> More = new("arguments") { Description = "Passed on to the benchmark; see 'iot bench ca -- --help'.", Arity = ArgumentArity.ZeroOrMore };

    private static readonly Option<int?> Minutes = new("--minutes") { Description = "Plays rounds for so long; without it, each once." };

    public static Command Create() => Verb.Group(
        "bench", "Measure: certificates per second, JOINs per second, many tenants and their telemetry on RabbitMQ, devices over MQTT.", ["iot bench ca", "iot bench acme", "iot bench join", "iot bench broker", "iot bench ingest", "iot bench mqtt", "iot bench revocation", "iot bench identity", "iot bench portal", "iot bench soak --minutes 30"],
        Bench("ca", "In-process issue/s per core; sign and renew over HTTPS at concurrency 1, 8, 32, beside step-ca where it is found."),
        Bench("acme", "Whole ACME orders per second and CPU each, by http-01, beside step-ca where it is found and port 80 is free."),
        Bench("join", "JOINs per second, p50 and p99, with 100 tenants."),
        Bench("broker", "1,000 tenants join one after the other on a private RabbitMQ: the first hundred beside the last, and a restart."),
        Bench("ingest", "Messages per second from a private RabbitMQ to committed rows, and CPU per message, with 1 and 10 tenants."),
        Bench("mqtt", "Devices' messages to committed rows, to the provider's rows, connects with mTLS and memory of idle ones, beside mosquitto and RabbitMQ where they are found."),
        Bench("revocation", "Revocation lists and OCSP of a tenant that has issued a million, beside openssl ocsp, and how soon a revocation is seen everywhere."),
        Bench("identity", "Sign-ins and token requests per second with CPU each, time to start and memory of the embedded issuer, beside Keycloak where it is found."),
        Bench("portal", "The portals' lists of 10 million certificates and 100,000 devices, first paints and actions, and 200 pages open in Chromium while 1,000 events a second arrive."),
        Verb.Create(
            "soak", "Kills, starves and attacks real stacks and counts what must not happen.", ["iot bench soak", "iot bench soak --minutes 30", "iot bench soak -- --only \"first boots\""],
            (run, cancellationToken) => RunAsync(run, "soak", cancellationToken, run.Get(Minutes) is { } minutes ? ["--minutes", minutes.ToString(CultureInfo.InvariantCulture)] : []), Minutes, More));

    private static Command Bench(string name, string description) => Verb.Create(
        name, description, [$"iot bench {name}", $"iot bench {name} --json"], (run, cancellationToken) => RunAsync(run, name, cancellationToken), More);

    private static async Task<int> RunAsync(Run run, string name, CancellationToken cancellationToken, params string[] options)
    {
        await using var bench = ChildProcess.Start(new ChildCommand
        {
            FileName = ProgramPath.Dotnet(),
            Arguments = [BuildOutput.Benchmarks, name, .. options, .. run.Get(More), .. run.Terminal.IsJson ? new[] { "--json" } : []],
        });
        await Task.WhenAny(bench.Exited, Task.Delay(Timeout.Infinite, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return await bench.Exited;
    }
}
