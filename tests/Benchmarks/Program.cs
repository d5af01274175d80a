using System.Globalization;
using IoTPlatform.Benchmarks;
using IoTPlatform.Benchmarks.Acme;
using IoTPlatform.Benchmarks.Ca;
using IoTPlatform.Benchmarks.Identity;
using IoTPlatform.Benchmarks.Join;
using IoTPlatform.Benchmarks.Mqtt;
using IoTPlatform.Benchmarks.Portal;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Revocation;
using IoTPlatform.Benchmarks.Soak;
using IoTPlatform.Benchmarks.Telemetry;
using IoTPlatform.Stacks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
StackPrograms.Warm = false;
if (args.Any(argument => argument is "--help" or "-h" or "-?"))
{
    Console.WriteLine(BenchmarkOptions.Usage);
    return 0;
}

if (BenchmarkOptions.Parse(args, out var error) is not { } options)
{
    await Console.Error.WriteLineAsync($"error: {error}\n\n{BenchmarkOptions.Usage}");
    return 2;
}

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, interrupt) =>
{
    interrupt.Cancel = true;
    stopping.Cancel();
};

// Progress goes to standard error, so that --json on standard output is one document.
var progress = Console.Error;
try
{
    IReport report = options.Name switch
    {
        "acme" => await AcmeBenchmark.RunAsync(options, progress, stopping.Token),
        "ca" => await CaBenchmark.RunAsync(options, progress, stopping.Token),
        "ingest" => await IngestBenchmark.RunAsync(options, progress, stopping.Token),
        "mqtt" => await MqttBenchmark.RunAsync(options, progress, stopping.Token),
        "soak" => await SoakBenchmark.RunAsync(options, progress, stopping.Token),
        "revocation" => await RevocationBenchmark.RunAsync(options, progress, stopping.Token),
        "identity" => await IdentityBenchmark.RunAsync(options, progress, stopping.Token),
        "portal" => await PortalBenchmark.RunAsync(options, progress, stopping.Token),
        "join" => await JoinBenchmark.RunAsync(options, progress, stopping.Token),
        _ => await BrokerBenchmark.RunAsync(options, progress, stopping.Token),
    };
    Console.WriteLine(options.Json ? report.ToJson() : report.ToText());
    return report.Failures == 0 ? 0 : 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    await progress.WriteLineAsync("stopped");
    return 130;
}
catch (BenchmarkException e)
{
    await Console.Error.WriteLineAsync($"error: {e.Message}");
    return 1;
}
