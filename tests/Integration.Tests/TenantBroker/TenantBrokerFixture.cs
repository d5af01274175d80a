using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.TenantBroker;

/// <summary>The tests at a tenant's RabbitMQ, one after the other: some restart it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedTenantBroker : ICollectionFixture<TenantBrokerFixture>
{
    public const string Name = "a tenant's broker";
}

/// <summary>A provider, two tenants, and the RabbitMQ of the first.</summary>
public sealed class TenantBrokerFixture : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private TenantStack? _other;
    private TenantClient? _otherAdmin;

    internal ProviderStack Provider { get; private set; } = null!;

    internal TenantStack Tenant { get; private set; } = null!;

    internal TenantClient Admin { get; private set; } = null!;

    internal RabbitMqServer Broker { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var tls = Directory.CreateDirectory(_folder.Combine("tls")).FullName;
        Broker = await RabbitMqServer.PrepareAsync(tls, "acme");
        Provider = await ProviderStack.StartAsync(new Dictionary<string, string?>());
        Tenant = await TenantStack.LaunchAsync(Provider, "acme", (await Provider.PrepareAsync("acme")).JoinKey, Broker.TenantSettings);
        _other = await TenantStack.LaunchAsync(Provider, "globex", (await Provider.PrepareAsync("globex")).JoinKey);
        await Tenant.ReadyAsync();
        Admin = await Tenant.AdminAsync();
        Broker.Ask(Tenant.Url);
        await Broker.StartAgainAsync();
        await Broker.LetTenantLookAsync("monitoring");
        await Broker.AdminAsync(HttpMethod.Put, $"permissions/acme/{Broker.User}", """{"configure":"","write":"^amq\\.topic$","read":"^devices\\.dead$"}""");
        await _other.ReadyAsync();
        await ReadingAsync(1);
        _otherAdmin = await _other.AdminAsync();
    }

    public async Task DisposeAsync()
    {
        Admin?.Dispose();
        _otherAdmin?.Dispose();
        foreach (var part in new IAsyncDisposable?[] { Broker, Tenant, _other, Provider })
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }

        _folder.Dispose();
    }

    /// <summary>Returns when the tenant has begun so often to read what its devices publish: before that it lets none in.</summary>
    internal Task ReadingAsync(int times) => Tenant.Process.WaitForLineAsync(_ => Readings >= times, TimeSpan.FromSeconds(120));

    /// <summary>Since the tenant's start.</summary>
    internal int Readings => Tenant.Process.Lines.Count(line => line.Contains("Reading the telemetry of tenant acme", StringComparison.Ordinal));

    /// <summary>What a load balancer is told.</summary>
    internal async Task<(int Status, string? Code)> ReadinessAsync()
    {
        using var http = PlatformHttp.Create(Tenant.Url, Tenant.Trust, client: null, TimeSpan.FromSeconds(30));
        using var answer = await http.GetAsync(new Uri("health/ready", UriKind.Relative));
        return ((int)answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]);
    }

    internal async Task<Mosquitto> DeviceAsync(string deviceId)
    {
        using var device = await EnrolledDevice.EnrollAsync(Tenant, Admin, deviceId);
        return new Mosquitto(Broker, device.KeyAndChainPem);
    }

    internal async Task<Mosquitto> OthersDeviceAsync(string deviceId)
    {
        using var device = await EnrolledDevice.EnrollAsync(_other!, _otherAdmin!, deviceId);
        return new Mosquitto(Broker, device.KeyAndChainPem);
    }

    internal string SpiffeIdOf(string deviceId) => $"spiffe://{Tenant.TrustDomain}/device/{deviceId}";

    internal Task CommandAsync(string routingKey, string payload) => Broker.AdminAsync(
        HttpMethod.Post, "exchanges/acme/amq.topic/publish", $$"""{"properties":{},"routing_key":"{{routingKey}}","payload":"{{payload}}","payload_encoding":"string"}""");
}
