using System.Diagnostics;
using System.Globalization;
using System.Net;
using IoTPlatform.Benchmarks.Ledger;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Mqtt;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Integration.Tests.Portal;
using Microsoft.Playwright;
using Npgsql;

namespace IoTPlatform.Benchmarks.Portal;

/// <summary>Lists of what a large platform has, what a person waits for, and many open pages while events arrive.</summary>
internal static class PortalBenchmark
{
    private const int Requests = 20;
    private const int Paints = 7;
    private const double ListLimit = 200, PaintLimit = 300, ActionLimit = 100, SeenLimit = 5000;
    private const int EventsPerSecond = 1000;
    private const int Batch = 50;

    /// <summary>A list that takes long is asked for no longer than that.</summary>
    private static readonly TimeSpan LongestList = TimeSpan.FromSeconds(10);

    private static readonly string[] ProviderLists =
    [
        "certificates", "certificates?state=valid", "certificates?state=expiring", "certificates?state=expired", "certificates?state=revoked", "certificates?profile=leaf", "certificates?profile=tenant-sub-ca",
        "certificates?provisioner=builds-1", "certificates?issuer=none", "certificates?text=host-77.example.com", "certificates?text=nowhere", "endpoints", "endpoints?name=host-77.example.com", "endpoints?state=expiring", "tenants", "audit", "",
    ];

    private static readonly string[] TenantLists =
        ["devices", "devices?text=meter", "devices?state=online", "devices?state=never_seen", "devices?state=revoked", "devices?state=expiring", "devices?type=type-7", "certificates", ""];

    private static readonly string[] Opened = ["portal/ui", "portal/ui/tenants", "portal/ui/tenants/bench", "portal/ui/certificates", "portal/ui/audit", "portal/ui/telemetry?tenant=bench&device=meter-1&range=1h", "portal/ui/ca", "portal/ui/endpoints"];

    public static async Task<PortalReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var (certificates, devices, pages, seconds) = options.Quick ? (20_000, 2_000, 16, 10) : (options.Issued, 100_000, options.Pages, 30);
        await progress.WriteLineAsync("starting a provider and a tenant");
        await using var tenant = await BenchedTenant.StartAsync(devices: 1, cancellationToken);
        await using var database = tenant.OpenProviderDatabase();
        await BenchedLedger.FillAsync(database, LedgerShape.OfProvider(certificates), progress, cancellationToken);
        await using (var fleet = tenant.OpenDatabase())
        {
            await BenchedFleet.FillAsync(fleet, devices, cancellationToken);
        }

        await using var browser = await Chromium.LaunchAsync();
        var times = new List<PortalTime>();
        foreach (var (name, stack, lists) in new[] { ("provider", tenant.Provider.Url, ProviderLists), ("tenant", tenant.TenantUrl, TenantLists) })
        {
            await using var context = await browser.OpenAsync();
            var page = await Chromium.SignInAsync(context, stack, "portal/ui");
            using var http = await SignedInAsync(context, stack);
            foreach (var list in lists)
            {
                times.Add(await MeasureAsync(http, $"{name} {(list.Length == 0 ? "overview" : list)}", $"portal/ui/{list}".TrimEnd('/'), cancellationToken));
                await progress.WriteLineAsync($"{times[^1].What}: {times[^1].P50Milliseconds:F0} ms");
            }

            foreach (var path in name == "provider" ? new[] { "", "certificates" } : ["", "devices"])
            {
                times.Add(await PaintAsync(page, stack, path, $"{name} {(path.Length == 0 ? "overview" : path)}, first paint"));
            }
        }

        var providerPage = await Chromium.SignInAsync(await browser.OpenAsync(), tenant.Provider.Url, "portal/ui/tenants/bench");
        times.Add(await ActAsync(providerPage, tenant.Provider.Url, "portal/ui/tenants/bench", "button:has-text('Suspend')", "Suspend: its dialog", ".mud-dialog"));
        times.Add(await ActAsync(providerPage, tenant.Provider.Url, "portal/ui/audit", "button:has-text('Verify the chain')", "Verify the chain: progress, or done", ".mud-progress-linear, .verified"));

        await progress.WriteLineAsync("lists, paints and actions are measured; opening pages");
        await using var open = new OpenPages(browser, tenant.Provider.Url);
        var process = tenant.Provider.Process.Id;
        var uses = new List<PortalUse> { await UseAsync(process, "one page", 1, seconds, cancellationToken) };
        using (var admin = await tenant.Provider.AdminAsync())
        {
            await open.OpenAsync(admin, pages, Opened, progress, cancellationToken);
        }

        uses.Add(await UseAsync(process, "pages open", open.Count + 1, seconds, cancellationToken));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var counted = new[] { 0L };
        var arriving = ArriveAsync(database, counted, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken);
        var (before, began) = (counted[0], Stopwatch.GetTimestamp());
        uses.Add(await UseAsync(process, "and events arrive", open.Count + 1, seconds, cancellationToken));
        var rate = (counted[0] - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        times.Add(await SeenAsync("an event on an open page, meanwhile", "marker", providerPage, tenant.Provider.Url, database, options.Quick ? 3 : 10, cancellationToken));
        await open.PutBehindAsync();
        times.Add(await SeenAsync("the same, the other pages in tabs behind", "second-marker", providerPage, tenant.Provider.Url, database, options.Quick ? 3 : 10, cancellationToken));
        var lost = await open.LostAsync();
        await stop.CancelAsync();
        await arriving;
        uses.Add(await UseAsync(process, "events over", open.Count + 1, seconds, cancellationToken));
        return new PortalReport
        {
            Machine = Machine.Describe(),
            Times = times,
            Uses = uses,
            LostPages = lost,
            Notes =
            [
                string.Create(CultureInfo.InvariantCulture, $"{certificates} certificates at the provider, {devices} devices at the tenant. A list is measured from its request to its last byte, {Requests} times, by one signed-in browser's cookie."),
                string.Create(CultureInfo.InvariantCulture, $"Pages are tabs of one Chromium, of {Math.Ceiling(pages / 40.0):F0} people and the administrator; {lost} had lost their connection at the end. {rate:F0} events/s were appended to the provider's audit log, which every page follows."),
                "Browser and servers share the machine; the browser's CPU is not in the figures.",
            ],
        };
    }

    private static async Task<HttpClient> SignedInAsync(IBrowserContext context, Uri stack)
    {
        var cookies = (await context.CookiesAsync([stack.AbsoluteUri])).Select(cookie => $"{cookie.Name}={cookie.Value}");
        var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true, AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = stack };
        http.DefaultRequestHeaders.Add("Cookie", string.Join("; ", cookies));
        return http;
    }

    private static async Task<PortalTime> MeasureAsync(HttpClient http, string what, string path, CancellationToken cancellationToken)
    {
        var took = new List<double>();
        var all = Stopwatch.GetTimestamp();
        while (took.Count < Requests + 2 && (took.Count < 3 || Stopwatch.GetElapsedTime(all) < LongestList))
        {
            var began = Stopwatch.GetTimestamp();
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable || text.Contains("does not answer in time", StringComparison.Ordinal))
            {
                return new PortalTime($"{what}: not shown", took[^1], took[^1], 0);
            }

            if (!answer.IsSuccessStatusCode)
            {
                throw new BenchmarkException($"{what} can't be shown: {(int)answer.StatusCode}");
            }
        }

        return Time(what, took.Skip(2), ListLimit);
    }

    private static async Task<PortalTime> PaintAsync(IPage page, Uri stack, string path, string what)
    {
        var took = new List<double>();
        for (var i = 0; i < Paints; i++)
        {
            await page.GotoAsync(new Uri(stack, $"portal/ui/{path}".TrimEnd('/')).AbsoluteUri);
            await Chromium.LiveAsync(page);
            await page.WaitForFunctionAsync("() => performance.getEntriesByName('first-contentful-paint').length > 0");
            took.Add(await page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0].startTime"));
        }

        return Time(what, took.Skip(1), PaintLimit);
    }

    /// <summary>From the click to what answers it, in the page's own clock.</summary>
    private static async Task<PortalTime> ActAsync(IPage page, Uri stack, string path, string button, string what, string answer)
    {
        var took = new List<double>();
        for (var i = 0; i < Paints; i++)
        {
            await page.GotoAsync(new Uri(stack, path).AbsoluteUri);
            await Chromium.LiveAsync(page);
            took.Add(await page.Locator(button).EvaluateAsync<double>(
                """
                (button, answer) => new Promise(done => {
                  const began = performance.now();
                  const look = new MutationObserver(() => document.querySelector(answer) && (look.disconnect(), done(performance.now() - began)));
                  look.observe(document.body, { childList: true, subtree: true });
                  button.click();
                })
                """, answer));
        }

        return Time(what, took.Skip(1), ActionLimit);
    }

    private static async Task<PortalUse> UseAsync(int process, string when, int pages, int seconds, CancellationToken cancellationToken)
    {
        var (before, began) = (CpuTime.Of(process), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        var (used, elapsed, memory) = (CpuTime.Of(process) - before, Stopwatch.GetElapsedTime(began), ResidentMemory.Of(process));
        return new PortalUse(when, pages, used.Server / elapsed, used.Database / elapsed, memory.ServerMiB, memory.DatabaseMiB);
    }

    /// <summary>As fast as is due, counted from the beginning: a slow database gets no rest.</summary>
    private static async Task ArriveAsync(NpgsqlDataSource database, long[] counted, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(
            $"SELECT audit.append_many(array_fill('bench'::text, ARRAY[{Batch}]), array_fill('bench.event'::text, ARRAY[{Batch}]), array_fill('bench'::text, ARRAY[{Batch}]), array_fill('{{}}'::text, ARRAY[{Batch}]))",
            connection);
        var began = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None);
            counted[0] += Batch;
            var due = TimeSpan.FromSeconds(counted[0] / (double)EventsPerSecond) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, CancellationToken.None);
            }
        }
    }

    /// <summary>From an entry's commit to when an open page shows it.</summary>
    private static async Task<PortalTime> SeenAsync(string what, string subject, IPage page, Uri stack, NpgsqlDataSource database, int times, CancellationToken cancellationToken)
    {
        await page.GotoAsync(new Uri(stack, $"portal/ui/audit?subject={subject}").AbsoluteUri);
        await Chromium.LiveAsync(page);
        var took = new List<double>();
        for (var i = 0; i < times; i++)
        {
            await using var command = database.CreateCommand("SELECT audit.append('bench', 'bench.marker', $1, '{}')");
            command.Parameters.AddWithValue(subject);
            await command.ExecuteNonQueryAsync(cancellationToken);
            var began = Stopwatch.GetTimestamp();
            await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(i + 1, new() { Timeout = 60_000 });
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return Time(what, took, SeenLimit);
    }

    private static PortalTime Time(string what, IEnumerable<double> took, double limit)
    {
        var sorted = took.Order().ToList();
        return new PortalTime(what, sorted[sorted.Count / 2], sorted[^1], limit);
    }
}
