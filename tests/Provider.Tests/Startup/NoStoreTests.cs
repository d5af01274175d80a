using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.Contracts;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Startup;

/// <summary>RFC 9111 5.2.2.5: what carries a secret, or might, is kept by no cache.</summary>
public sealed class NoStoreTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task AnswersWithSecrets_Always_AreNotStored()
    {
        using var tenant = new TestTenant();
        var prepared = await _provider.TryPrepareAsync("no-store");
        var joined = await _provider.TryJoinAsync(prepared.Read(ContractsJson.Default.PreparedTenant).JoinKey, tenant);
        var statusPath = "portal/admin/tenants/no-store/join-status";
        var poller = _provider.Anonymous();
        poller.Bearer = tenant.Proof("no-store", _provider.At(statusPath), _provider.Time);
        var status = await poller.GetAsync(statusPath);
        using var bridge = tenant.WithBridgeKey(joined.Read(ContractsJson.Default.JoinBundle).MqttBridgeCert);
        var federation = await _provider.Anonymous(bridge).GetAsync("portal/admin/tenants/no-store/federation");
        var rotated = await (await _provider.AdminAsync()).PostAsync("portal/admin/tenants/no-store/federation/rotate-secret");
        var replaced = await (await _provider.AdminAsync()).PostAsync("portal/admin/tenants/no-store/join-key");

        foreach (var answer in new[] { prepared, joined, status, federation, rotated, replaced })
        {
            answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
            answer.IsNotStored.ShouldBeTrue(answer.Body);
        }
    }

    [SkippableFact]
    public async Task EveryEndpointThatAnswersToAGet_ButWhatIsPublic_IsNotStored()
    {
        var admin = await _provider.AdminAsync();
        var answered = 0;
        foreach (var path in Paths())
        {
            var answer = await admin.GetAsync(path);
            answer.IsNotStored.ShouldBeTrue(path);
            answered += (int)answer.Status < 300 ? 1 : 0;
        }

        answered.ShouldBeGreaterThan(8);
    }

    private List<string> Paths() =>
        [.. _provider.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>() is not { } methods || methods.HttpMethods.Contains("GET"))
            .Select(e => Regex.Replace(e.RoutePattern.RawText!, "{[^}]*}", "1", RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1)).TrimStart('/'))
            .Where(path => !IsPublic(path)).Distinct()];

    /// <summary>Style sheet, script and icon; revocation lists and certificates of issuers, which are signed and may lie anywhere.</summary>
    private static bool IsPublic(string path) => path is "favicon.ico" or "crl" or "1.0/crl" || Path.GetExtension(path) is ".css" or ".js" or ".crl" or ".crt";
}
