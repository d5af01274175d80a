using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>Who is connected, as the management API tells it.</summary>
public sealed class ConnectionsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private ProvisionerFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await ProvisionerFixture.StartAsync();

    public async Task DisposeAsync()
    {
        if (_fixture is not null)
            await _fixture.DisposeAsync();
    }

    [SkippableFact]
    public async Task List_BridgeComesAndIsKilled_SaysSo()
    {
        await _fixture.Provisioner.EnsureTenantAsync(BridgeAccess.For("listed"), default);
        using var connections = new RabbitMqConnections(Connect(_fixture.Broker.User, _fixture.Broker.Password));
        var bridge = new BrokerConnection("listed-mqtt-bridge", "listed");
        using var mosquitto = new Mosquitto(_fixture.Broker, _fixture.Broker.Ca.Client("listed-mqtt-bridge"));

        await using (await mosquitto.SubscribeAsync("listed.bridge", "commands/#"))
            await UntilAsync(async () => (await connections.ListAsync(default)).Contains(bridge));

        await UntilAsync(async () => !(await connections.ListAsync(default)).Contains(bridge));
        await _fixture.Provisioner.RemoveTenantAsync("listed", default);
    }

    [SkippableFact]
    public async Task List_LoginThatIsShownItsOwnConnectionsOnly_IsRefusedAndMonitoringIsEnough()
    {
        foreach (var tag in new[] { "management", "monitoring" })
            await _fixture.Broker.AdminAsync(HttpMethod.Put, $"users/looker-{tag}", $$"""{"password":"looks","tags":"{{tag}}"}""");
        using var blind = new RabbitMqConnections(Connect("looker-management", "looks"));
        using var sighted = new RabbitMqConnections(Connect("looker-monitoring", "looks"));

        (await Should.ThrowAsync<ProblemException>(() => blind.ListAsync(default))).Code.ShouldBe("broker_login_refused");
        await sighted.ListAsync(default);
    }

    private RabbitMqManagement Connect(string user, string password) =>
        ProvisionerFixture.Connect(_fixture.Broker.ManagementUrl, password, File.ReadAllText(_fixture.Broker.RootFile), user: user);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
