using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Benchmarks.Ledger;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Mqtt;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Revocation;

/// <summary>A tenant that has issued and revoked very many: its lists, its OCSP beside OpenSSL's responder, and how soon a revocation is seen everywhere.</summary>
internal static class RevocationBenchmark
{
    private const string Server = "IoTPlatform";
    private const int Shards = 256;

    public static async Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var (issued, revoked, connections, revocations, requests) = options.Quick ? (20_000, 2_000, 20, 5, 500) : (options.Issued, options.Revoked, options.Connections, Math.Min(100, options.Connections), options.Messages);
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Next()}/"));
        await progress.WriteLineAsync($"starting a tenant, and enrolling {connections} devices");
        await using var tenant = await BenchedTenant.StartAsync(connections, cancellationToken, new Dictionary<string, string?> { ["IOT_VALIDATION_LISTEN"] = address.AbsoluteUri.TrimEnd('/') });
        using var subCa = Pem.ParseCertificates(tenant.IssuersPem)[0];
        await progress.WriteLineAsync($"writing {issued} certificates, of which {revoked} are revoked, into its ledger");
        await using (var database = tenant.OpenDatabase())
        {
            await BenchedLedger.FillAsync(database, new LedgerShape { Copied = "device", Profile = "device", Issued = issued, RevokedOneIn = issued / revoked }, progress, cancellationToken);
        }

        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { Timeout = TimeSpan.FromMinutes(5) };
        var (loads, notes) = (new List<LoadResult>(), new List<string>());
        await MeasureListsAsync(http, address, subCa, tenant.Target.ProcessId, loads, notes, cancellationToken);
        var ocsp = new OcspLoad(http, new Uri(address, "ocsp"), subCa);
        foreach (var clients in options.Concurrency)
        {
            loads.Add(await ocsp.RunAsync(Server, tenant.Target.ProcessId, clients, requests, number => BenchedLedger.SerialOf(1 + (long)number * 7919 % issued), cancellationToken));
            await progress.WriteLineAsync($"{Server}: {loads[^1].PerSecond:F0} OCSP answers/s with {clients} clients, {loads[^1].CpuMicroseconds:F0} us CPU each");
        }

        if (options.WithoutPeer || Tools.Find("openssl") is not { } openssl)
        {
            notes.Add("without openssl ocsp");
        }
        else
        {
            await using var peer = await OpenSslResponder.StartAsync(openssl, Math.Min(issued, OpenSslResponder.MostIssued), issued / revoked, cancellationToken);
            notes.Add($"openssl ocsp has {Math.Min(issued, OpenSslResponder.MostIssued)} certificates in its index, which it keeps in memory. It takes one connection at a time and closes it after the answer, so it has one client.");
            loads.Add(await new OcspLoad(http, peer.Url, peer.Issuer, closes: true).RunAsync("openssl ocsp", peer.ProcessId, 1, Math.Min(requests, 20_000), number => BenchedLedger.SerialOf(1 + number), cancellationToken));
            await progress.WriteLineAsync($"openssl ocsp: {loads[^1].PerSecond:F0} answers/s, {loads[^1].CpuMicroseconds:F0} us CPU each");
        }

        loads.AddRange(await Visibility.MeasureAsync(tenant, http, new Uri(address, $"crl/{KeyIdOf(subCa)}/"), ocsp, revocations, progress, cancellationToken));
        var memory = ResidentMemory.Of(tenant.Target.ProcessId);
        notes.Add($"{issued} issued, {revoked} revoked; {connections} devices connected while {revocations} are revoked one after the other, each from the call to when it is seen. Memory at the end: {memory.ServerMiB:F0} MiB, database {memory.DatabaseMiB:F0} MiB.");
        notes.Add("Load tool and servers share the machine.");
        return new BenchmarkReport { Title = "Revocation", Machine = Machine.Describe(), Loads = loads, Notes = notes };
    }

    private static async Task MeasureListsAsync(HttpClient http, Uri address, X509Certificate2 subCa, int process, List<LoadResult> loads, List<string> notes, CancellationToken cancellationToken)
    {
        var issuer = KeyIdOf(subCa);
        var bytes = new int[Shards];
        // Each is asked for first here, and so made; and then given as it is.
        foreach (var what in (string[])["shard, made", "shard, given again"])
        {
            loads.Add(await LoadGenerator.RunAsync(Server, what, process, 1, Shards, async (_, shard, stop) =>
                (bytes[shard] = (await http.GetByteArrayAsync(new Uri(address, $"crl/{issuer}/{shard:x2}.crl"), stop)).Length) > 0, cancellationToken));
        }

        var complete = 0;
        loads.Add(await LoadGenerator.RunAsync(Server, "complete list, made", process, 1, 1, async (_, _, stop) =>
            (complete = (await http.GetByteArrayAsync(new Uri(address, $"crl/{issuer}.crl"), stop)).Length) > 0, cancellationToken));
        notes.Add($"A shard has {bytes.Average() / 1024:F1} KiB on average and {bytes.Max() / 1024.0:F1} at most, the complete list {complete / 1024.0 / 1024:F1} MiB.");
    }

    private static string KeyIdOf(X509Certificate2 issuer) => issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier!.ToLowerInvariant();
}
