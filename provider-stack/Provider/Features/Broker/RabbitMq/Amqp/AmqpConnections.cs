using System.Net.Security;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq.Amqp;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;

/// <summary>AMQP connections to any vHost, as <see cref="AmqpAccount"/> and with the platform's own certificate.</summary>
/// <param name="options">Where.</param>
/// <param name="account">As whom.</param>
/// <param name="broker">Who has to answer there.</param>
/// <param name="certificate">This host's certificate with its issuers, asked for with every factory. Issued by the Intermediate CA itself, or the broker refuses it.</param>
internal sealed class AmqpConnections(RabbitMqOptions options, AmqpAccount account, ServerVerifier broker, Func<SslStreamCertificateContext> certificate)
{
    /// <summary>Reply code where the user has no rights in the vHost, or there is none of that name (AMQP 0-9-1: not-allowed).</summary>
    public const ushort VhostRefused = 530;

    private readonly AmqpEndpoint _endpoint = new(options.AmqpUrl, broker, certificate);

    /// <summary>Sets address, login and TLS on any factory. Recovery and names are not changed.</summary>
    public void Configure(ConnectionFactory factory, string vhost)
    {
        _endpoint.ApplyTo(factory, vhost);
        factory.UserName = AmqpAccount.Name;
        factory.Password = account.Password;
    }

    /// <summary>
    /// A connection without recovery: its user notices its end and asks for another. After a refused login the account is repaired once.
    /// Throws BrokerUnreachableException, or a failure of the management API. A vHost that refuses ends the connection only on first use,
    /// with <see cref="VhostRefused"/>.
    /// </summary>
    public async Task<IConnection> ConnectAsync(string vhost, string purpose, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { ClientProvidedName = purpose, AutomaticRecoveryEnabled = false, TopologyRecoveryEnabled = false };
        Configure(factory, vhost);
        try
        {
            return await factory.CreateConnectionAsync(cancellationToken);
        }
        catch (BrokerUnreachableException e) when (e.InnerException is AuthenticationFailureException)
        {
            await account.EnsureAsync(cancellationToken);
            return await factory.CreateConnectionAsync(cancellationToken);
        }
    }

    /// <summary>Whether the broker lets in a login that is not the platform's. Throws BrokerUnreachableException where it refuses none and lets in none.</summary>
    /// <param name="login">Sets it on a factory that is complete otherwise.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> LetsInAsync(Action<ConnectionFactory> login, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { ClientProvidedName = "iot-stranger", AutomaticRecoveryEnabled = false, TopologyRecoveryEnabled = false };
        Configure(factory, "_none");
        login(factory);
        try
        {
            await using (await factory.CreateConnectionAsync(cancellationToken))
            {
                return true;
            }
        }
        catch (BrokerUnreachableException e) when (e.InnerException is AuthenticationFailureException)
        {
            return false;
        }
    }

    public string Host => _endpoint.Host;

    public int Port => _endpoint.Port;

    public bool IsTls => _endpoint.IsTls;

    /// <summary>Of a connection to the broker that shows this certificate.</summary>
    public SslClientAuthenticationOptions Tls(SslStreamCertificateContext client) => _endpoint.Tls(client);
}
