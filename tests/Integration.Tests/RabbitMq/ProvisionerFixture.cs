using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.RabbitMq;
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
        Management = Own(Connect(broker.ManagementUrl, broker.Password, File.ReadAllText(broker.RootFile)));
        Api = new RabbitMqApi(Management);
        Provisioner = NewProvisioner(Api);
    }

    public RabbitMqServer Broker { get; }

    public TestDatabase Database { get; }

    public RabbitMqManagement Management { get; }

    public RabbitMqApi Api { get; }

    public RabbitMqBrokerProvisioner Provisioner { get; }

    public static async Task<ProvisionerFixture> StartAsync()
    {
        var broker = await RabbitMqServer.SharedAsync();
        return new ProvisionerFixture(broker, await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(IoTPlatform.Provider.Program).Assembly));
    }

    public static RabbitMqManagement Connect(Uri url, string password, string rootPem, TimeSpan? timeout = null, string user = "iot-provider") => new(RabbitMqHttp.Create(
        new RabbitMqManagementOptions { Url = url, User = user, Password = password }, Verifier(rootPem), timeout ?? TimeSpan.FromSeconds(5)));

    /// <summary>A broker with a certificate from another CA than the platform's.</summary>
    public static ServerVerifier Verifier(string rootPem)
    {
        using var platform = new ThrowAwayCa();
        return ServerVerifier.ForCompanion([X509Certificate2.CreateFromPem(rootPem)], X509Certificate2.CreateFromPem(platform.RootPem), ServerIdentity.Provider("iot.example", ServiceNames.Broker));
    }

    /// <summary>Another provider process' provisioner: its own lock, the same database and broker.</summary>
    public RabbitMqBrokerProvisioner NewProvisioner(RabbitMqApi api) =>
        new(api, Own(new VhostMapping(api, Database.DataSource)), Ownership, Account(api), Options(Broker), NullLogger<RabbitMqBrokerProvisioner>.Instance);

    public static AmqpAccount Account(RabbitMqApi api, string password = "the platform's own") => new(api, Ownership, password);

    /// <summary>As the platform connects, but with any certificate: key, certificate, issuers.</summary>
    public AmqpConnections Amqp(AmqpAccount account, string certificatePem, string? rootPem = null)
    {
        var chain = Pem.ParseCertificates(certificatePem[certificatePem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..]);
        var leaf = Own(X509Certificate2.CreateFromPem(certificatePem, certificatePem));
        var context = SslStreamCertificateContext.Create(leaf, [.. chain[1..]], offline: true);
        return new AmqpConnections(Options(Broker), account, Verifier(rootPem ?? File.ReadAllText(Broker.RootFile)), () => context);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var resource in _owned)
        {
            resource.Dispose();
        }

        await Database.DisposeAsync();
    }

    private static RabbitMqOwnership Ownership { get; } = new("iot.example");

    public static RabbitMqOptions Options(RabbitMqServer broker) => new()
    {
        Management = new RabbitMqManagementOptions { Url = broker.ManagementUrl, User = broker.User, Password = broker.Password },
        AmqpUrl = broker.AmqpUrl,
        Names = ["localhost"],
    };

    private T Own<T>(T resource) where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }
}
