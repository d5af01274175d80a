using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Stacks;
using MQTTnet;
using MQTTnet.Protocol;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>SIGKILL to a tenant while a device publishes: what was acknowledged is stored, and nothing is stored twice.</summary>
public sealed class AcknowledgedMessagesTests
{
    private const int Kills = 4;
    private const int BetweenKills = 300;
    private const int Messages = Kills * BetweenKills + 200;
    private const int UnderWay = 40;

    private readonly DateTimeOffset _began = TimeProvider.System.GetUtcNow();
    private readonly ConcurrentQueue<int> _due = new(Enumerable.Range(0, Messages));
    private readonly ConcurrentDictionary<int, bool> _acknowledged = new();

    [SkippableFact]
    public async Task Publish_TenantKilledOverAndOver_LosesNothingAcknowledged_AndStoresNothingTwice()
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", prepared.JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");
        for (var kill = 1; kill <= Kills; kill++)
        {
            using var client = await ConnectAsync(tenant, device);
            var publishing = PublishAsync(client);
            await UntilAsync(() => _acknowledged.Count >= kill * BetweenKills);
            await tenant.KillAsync();
            await publishing;
            var acknowledged = _acknowledged.Keys.ToHashSet();
            acknowledged.ExceptWith(await StoredAsync(tenant));
            acknowledged.ShouldBeEmpty();
            tenant.Launch();
            await tenant.ReadyAsync();
        }

        using (var client = await ConnectAsync(tenant, device))
        {
            await PublishAsync(client);
        }

        (await StoredAsync(tenant)).Order().ShouldBe(Enumerable.Range(0, Messages));
    }

    private static async Task<int[]> StoredAsync(TenantStack tenant) =>
        await tenant.Database.ScalarAsync<int[]>("SELECT coalesce(array_agg((payload ->> 'n')::int), '{}') FROM tenant.telemetry") ?? [];

    private static async Task<IMqttClient> ConnectAsync(TenantStack tenant, EnrolledDevice device)
    {
        using var ephemeral = X509Certificate2.CreateFromPem(device.KeyAndChainPem, device.KeyAndChainPem);
        var certificates = new X509Certificate2Collection(X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pfx), null));
        var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("localhost", tenant.Url.Port).WithClientId("pump-1")
            .WithTlsOptions(tls => tls.UseTls().WithClientCertificates(certificates).WithApplicationProtocols([new SslApplicationProtocol("mqtt")]).WithCertificateValidationHandler(_ => true)).Build());
        return client;
    }

    /// <summary>Everything that is due, many messages at once; what was not acknowledged is due again.</summary>
    private Task PublishAsync(IMqttClient client) => Task.WhenAll(Enumerable.Range(0, UnderWay).Select(async _ =>
    {
        while (_due.TryDequeue(out var n))
        {
            try
            {
                // The same bytes whenever it is sent.
                var payload = $$"""{"n":{{n}},"timestamp":"{{_began.AddMilliseconds(n):O}}"}""";
                (await client.PublishStringAsync("devices/pump-1/telemetry", payload, MqttQualityOfServiceLevel.AtLeastOnce)).ReasonCode.ShouldBe(MqttClientPublishReasonCode.Success);
                _acknowledged[n] = true;
            }
            catch (Exception e) when (e is not ShouldAssertException)
            {
                _due.Enqueue(n);
                return;
            }
        }
    }));

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(5, patience.Token);
        }
    }
}
