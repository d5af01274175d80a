using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Features.Messaging.RabbitMq;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>The provisioner against the shared broker, without a provider around it.</summary>
internal sealed class ProvisionerFixture : IAsyncDisposable
{
    private readonly List<IDisposable> _owned = [];

    private ProvisionerFixture(RabbitMqServer broker, TestDatabase database)
    {
        Broker = broker;
        Database = database;
        Api = Own(Connect(broker.ManagementUrl, broker.Password, File.ReadAllText(broker.RootFile)));
        Provisioner = NewProvisioner(Api);
    }

    public RabbitMqServer Broker { get; }

    public TestDatabase Database { get; }

    public RabbitMqApi Api { get; }

    public RabbitMqBrokerProvisioner Provisioner { get; }

    public static async Task<ProvisionerFixture> StartAsync()
    {
        var broker = await RabbitMqServer.SharedAsync();
        return new ProvisionerFixture(broker, await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(IoTPlatform.Provider.Program).Assembly));
    }

    public static RabbitMqApi Connect(Uri url, string password, string rootPem, TimeSpan? timeout = null)
    {
        var options = Options(url);
        return new RabbitMqApi(RabbitMqHttp.Create(options, password, [X509Certificate2.CreateFromPem(rootPem)], timeout ?? TimeSpan.FromSeconds(5)));
    }

    /// <summary>Another provider process' provisioner: its own gate, the same database and broker.</summary>
    public RabbitMqBrokerProvisioner NewProvisioner(RabbitMqApi api) =>
        new(api, Own(new VhostMapping(api, Database.DataSource)), new RabbitMqOwnership("iot.example"), Options(Broker.ManagementUrl), NullLogger<RabbitMqBrokerProvisioner>.Instance);

    public async ValueTask DisposeAsync()
    {
        foreach (var resource in _owned)
            resource.Dispose();
        await Database.DisposeAsync();
    }

    private static RabbitMqOptions Options(Uri url) => new() { ManagementUrl = url, User = "iot-provider", Names = ["localhost"] };

    private T Own<T>(T resource) where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }
}
