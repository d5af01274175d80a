using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Limits;

public sealed class OutageLogTests
{
    [SkippableFact]
    public async Task DatabaseAway_HundredsOfRequests_LogStaysSmall()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        var token = await provider.TokenAsync();
        var postmaster = Directory.GetFiles(provider.Data, "postmaster.pid", SearchOption.AllDirectories).Single();
        var folder = Path.GetDirectoryName(postmaster)!;
        var server = int.Parse(File.ReadLines(postmaster).First(), CultureInfo.InvariantCulture);
        // It can't be started again from nowhere.
        Directory.Move(folder, folder + ".away");
        using (var process = System.Diagnostics.Process.GetProcessById(server))
        {
            process.Kill();
        }

        var before = provider.Process.Lines.Count;

        using var client = Attacker.Honest(provider);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 100; i++)
        {
            using var credentials = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "service-account-none"), new("client_secret", "wrong")]);
            answers.Add((await client.PostAsync("realms/cdm/protocol/openid-connect/token", credentials)).StatusCode);
            using var request = new HttpRequestMessage(HttpMethod.Post, "portal/admin/join") { Content = JsonContent.Create(new { sub_ca_csr = "none", mqtt_bridge_csr = "none" }) };
            request.Headers.Add("X-Join-Key", "0000-0000-0000-0000");
            answers.Add((await client.SendAsync(request)).StatusCode);
            answers.Add((await client.PostAsJsonAsync("1.0/sign", new { csr = "none", ott = "none" })).StatusCode);
            using var list = new HttpRequestMessage(HttpMethod.Get, "portal/admin/tenants") { Headers = { Authorization = new("Bearer", token) } };
            answers.Add((await client.SendAsync(list)).StatusCode);
        }

        answers.Count(status => status == HttpStatusCode.ServiceUnavailable).ShouldBeGreaterThan(200);
        var written = provider.Process.Lines.Skip(before).ToList();
        written.Sum(line => line.Length).ShouldBeLessThan(100_000, string.Join('\n', written.Take(20)));
        written.ShouldContain(line => line.Contains("database_unavailable", StringComparison.Ordinal));
    }
}
