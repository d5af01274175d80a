using IoTPlatform.Hosting;
using IoTPlatform.RabbitMq;


namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>The connected clients, as reported by the management API.</summary>
[Collection(SharedBroker.Name)]
public sealed class ConnectionsTests : IAsyncLifetime
{
    private ProvisionerFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await ProvisionerFixture.StartAsync();

    public async Task DisposeAsync()
    {
        if (_fixture is not null)
        {
            await _fixture.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task List_LoginThatIsShownItsOwnConnectionsOnly_IsRefusedAndMonitoringIsEnough()
    {
        foreach (var tag in new[] { "management", "monitoring" })
        {
            await _fixture.Broker.AdminAsync(HttpMethod.Put, $"users/looker-{tag}", $$"""{"password":"looks","tags":"{{tag}}"}""");
        }

        using var blind = new RabbitMqConnections(Connect("looker-management", "looks"));
        using var sighted = new RabbitMqConnections(Connect("looker-monitoring", "looks"));

        (await Should.ThrowAsync<ProblemException>(() => blind.ListAsync(default))).Code.ShouldBe("broker_login_refused");
        await sighted.ListAsync(default);
    }

    private RabbitMqManagement Connect(string user, string password) =>
        ProvisionerFixture.Connect(_fixture.Broker.ManagementUrl, password, File.ReadAllText(_fixture.Broker.RootFile), user: user);
}
