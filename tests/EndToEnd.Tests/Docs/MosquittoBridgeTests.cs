using System.Globalization;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Docs;

/// <summary>A site that brings its own bridge: the mosquitto configuration of docs/mqtt.md, as it stands but for address and folder.</summary>
public sealed class MosquittoBridgeTests : IDisposable
{
    private const string Address = "provider.example:9443";
    private const string Folder = "/var/lib/iotplatform/tenant/join-bundle";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task Mosquitto_ConfiguredAsThePageSays_CarriesReadingsUp()
    {
        var (mosquitto, publish) = (Requires.Tool("mosquitto"), Requires.Tool("mosquitto_pub"));
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        var port = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        var bridge = Configuration();
        bridge.ShouldContain(Address);
        bridge.ShouldContain(Folder);
        await File.WriteAllTextAsync(_temp.Combine("mosquitto.conf"), $"""
            listener {port} 127.0.0.1
            allow_anonymous true
            user {Environment.UserName}
            {bridge.Replace(Address, $"localhost:{provider.Url.Port}", StringComparison.Ordinal).Replace(Folder, Path.Combine(tenant.Data, "join-bundle"), StringComparison.Ordinal)}
            """);
        await using var site = ProcessUnderTest.Start(mosquitto, ["-v", "-c", _temp.Combine("mosquitto.conf")]);
        await site.WaitForLineAsync(line => line.Contains("running", StringComparison.Ordinal));

        foreach (var topic in (string[])["telemetry/pump-1/hall", "events/pump-1/door", "status/pump-1"])
        {
            (await Tools.RunAsync(publish, ["-h", "127.0.0.1", "-p", port, "-q", "1", "-t", topic, "-m", """{"t":21.5}"""])).EnsureSuccess();
        }

        try
        {
            await Waiting.UntilAsync(async () => await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry") == 3, Patience);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(site.Output, e);
        }

        (await provider.Database.ScalarAsync<string>("SELECT string_agg(tenant_id || ' ' || device_id || ' ' || topic, ', ' ORDER BY topic) FROM provider.telemetry"))
            .ShouldBe("acme pump-1 events/pump-1/door, acme pump-1 status/pump-1, acme pump-1 telemetry/pump-1/hall");
    }

    private static string Configuration() =>
        File.ReadAllText(Path.Combine(Tools.RepositoryRoot, "docs", "mqtt.md")).Split("```\n").Single(part => part.StartsWith("connection ", StringComparison.Ordinal));
}
