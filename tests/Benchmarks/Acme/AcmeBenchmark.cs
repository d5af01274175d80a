using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Acme;

/// <summary>Whole ACME orders by http-01, from the order to the certificate, beside step-ca in the same run.</summary>
internal static class AcmeBenchmark
{
    /// <summary>One account and address may place no more at once.</summary>
    private const int OrdersOfACustomer = 250;

    private const int WarmUpCustomers = 8;
    private const int WarmUpOrders = 1000;

    public static async Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        var port = ChallengeAnswers.StandardPort;
        var answers = await ChallengeAnswers.TryStartAsync(port, cancellationToken);
        var withPeer = !options.WithoutPeer && StepCaServer.WhyNot is null && answers is not null;
        if (!withPeer)
        {
            notes.Add(options.WithoutPeer ? "measured without the peer" : StepCaServer.WhyNot ?? "port 80, where step-ca looks, is taken or not to be had: measured without the peer");
        }

        answers ??= await ChallengeAnswers.TryStartAsync(port = FreePort.Next(), cancellationToken) ?? throw new BenchmarkException("there is no port for the challenges");
        var servers = new List<CaServer>();
        try
        {
            if (withPeer)
            {
                servers.Add(await StepCaServer.StartAsync(new TempFolder(), cancellationToken, acme: true));
            }

            servers.Add(await ProviderServer.StartAsync(
                new TempFolder(),
                new Dictionary<string, string?>(StringComparer.Ordinal)
                {
                    ["IOT_ACME"] = "acme",
                    ["IOT_ACME_NETWORKS"] = "127.0.0.1/32,::1/128",
                    ["IOT_ACME_HTTP_PORT"] = FormattableString.Invariant($"{port}"),
                },
                cancellationToken));
            var loads = new List<LoadResult>();
            var customers = 0;
            foreach (var server in servers)
            {
                await progress.WriteLineAsync($"{server.Name}: warming up");
                await MeasureAsync(server, answers, customers += WarmUpCustomers, WarmUpCustomers, options.Quick ? WarmUpCustomers : WarmUpOrders, cancellationToken);
            }

            foreach (var concurrency in options.Concurrency)
            {
                foreach (var server in servers)
                {
                    loads.Add(await MeasureAsync(server, answers, customers += concurrency, concurrency, options.Quick ? 2 * concurrency : OrdersOfACustomer * concurrency, cancellationToken));
                    await progress.WriteLineAsync($"{server.Name}: {concurrency} clients: {loads[^1].PerSecond:F0} orders/s, {loads[^1].CpuMicroseconds:F0} us CPU each");
                }
            }

            return new BenchmarkReport { Title = "ACME", Machine = Machine.Describe(), Loads = loads, Notes = notes };
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }

            await answers.DisposeAsync();
        }
    }

    /// <param name="server">Measured.</param>
    /// <param name="answers">Proves what is ordered.</param>
    /// <param name="until">Number after that of the last customer.</param>
    /// <param name="concurrency">How many customers.</param>
    /// <param name="orders">Of all together.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private static async Task<LoadResult> MeasureAsync(CaServer server, ChallengeAnswers answers, int until, int concurrency, int orders, CancellationToken cancellationToken)
    {
        var customers = await Task.WhenAll(Enumerable.Range(until - concurrency, concurrency).Select(number => AcmeCustomer.RegisterAsync(server, answers, number, cancellationToken)));
        try
        {
            return await LoadGenerator.RunAsync(server.Name, "order", server.ProcessId, concurrency, orders, (worker, _, stop) => customers[worker].OrderAsync(stop), cancellationToken);
        }
        finally
        {
            Array.ForEach(customers, customer => customer.Dispose());
        }
    }
}
