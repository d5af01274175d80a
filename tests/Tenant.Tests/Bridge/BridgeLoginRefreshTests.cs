using IoTPlatform.Contracts.Join;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Uplink;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Bridge;

public sealed class BridgeLoginRefreshTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;

    public async Task InitializeAsync() => _tenant = await TestTenant.StartAsync();

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public async Task Run_BrokerMoved_IsInTheBundleAndItsFileAndTheNextTarget()
    {
        _tenant.Provider.BridgeLogin = Login("mqtts://broker.example:8884");

        await RunAsync();
        await RunAsync();

        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "rabbitmq.env"))).ShouldContain("RABBITMQ_MQTT_URL='mqtts://broker.example:8884'");
        _tenant.Service<UplinkConnector>().Target()!.Url.Port.ShouldBe(8884);
        (await _tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'bridge.login_replaced'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Run_ProviderOfAVersionBefore_KeepsWhatThereIs()
    {
        var before = await File.ReadAllTextAsync(_tenant.InData("join-bundle", "bundle.json"));

        await RunAsync();

        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "bundle.json"))).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Run_AnswerThatWouldBreakOutOfTheEnvFile_IsNotStored()
    {
        var before = await File.ReadAllTextAsync(_tenant.InData("join-bundle", "bundle.json"));
        _tenant.Provider.BridgeLogin = Login("mqtts://it's.example");

        await RunAsync();

        (await File.ReadAllTextAsync(_tenant.InData("join-bundle", "bundle.json"))).ShouldBe(before);
    }

    private static BridgeLogin Login(string url) => new() { RabbitmqMqttUrl = url, RabbitmqVhost = "acme", RabbitmqUser = "acme-mqtt-bridge" };

    private Task RunAsync() => _tenant.Service<MaintenanceService>().RunOnceAsync(CancellationToken.None);
}
