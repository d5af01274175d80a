using System.Net.Security;
using IoTPlatform.Pki;
using RabbitMQ.Client;

namespace IoTPlatform.RabbitMq.Amqp;

/// <summary>A stack's RabbitMQ over AMQP: how the stack finds it, knows it, and shows who it is itself.</summary>
/// <param name="url">As of <see cref="AmqpSettings"/>.</param>
/// <param name="broker">Who has to answer there.</param>
/// <param name="certificate">This host's certificate with its issuers, asked for with every factory.</param>
public sealed class AmqpEndpoint(Uri url, ServerVerifier broker, Func<SslStreamCertificateContext> certificate)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public string Host => url.Host;

    public int Port => url.Port > 0 ? url.Port : IsTls ? Protocols.DefaultProtocol.DefaultPort - 1 : Protocols.DefaultProtocol.DefaultPort;

    public bool IsTls => url.Scheme == "amqps";

    /// <summary>Sets address and TLS on any factory. Login, recovery and names are not changed.</summary>
    public void ApplyTo(ConnectionFactory factory, string vhost)
    {
        factory.HostName = Host;
        factory.Port = Port;
        factory.VirtualHost = vhost;
        factory.RequestedConnectionTimeout = Timeout;
        factory.HandshakeContinuationTimeout = Timeout;
        factory.Ssl = IsTls ? TlsOption() : new SslOption { Enabled = false };
    }

    /// <summary>A connection without recovery, in the name that the certificate says. Throws BrokerUnreachableException.</summary>
    /// <param name="vhost">Where to.</param>
    /// <param name="purpose">Shown in the management API.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IConnection> ConnectAsync(string vhost, string purpose, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory
        {
            ClientProvidedName = purpose,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            AuthMechanisms = [new ExternalMechanismFactory()],
        };
        ApplyTo(factory, vhost);
        return factory.CreateConnectionAsync(cancellationToken);
    }

    /// <summary>Of a connection to the broker that shows this certificate.</summary>
    public SslClientAuthenticationOptions Tls(SslStreamCertificateContext client)
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = url.IdnHost, ClientCertificateContext = client };
        broker.ApplyTo(tls, url.IdnHost);
        return tls;
    }

    private SslOption TlsOption()
    {
        var own = certificate();
        return new SslOption
        {
            Enabled = true,
            ServerName = url.IdnHost,
            ClientCertificateContext = SslStreamCertificateContext.Create(own.TargetCertificate, [.. own.IntermediateCertificates], offline: true, broker.Trust()),
            CertificateValidationCallback = broker.CallbackFor(url.IdnHost),
        };
    }
}
