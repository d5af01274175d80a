using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using IoTPlatform.Provider.Features.Bus;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.RabbitMq;
using RabbitMQ.Client;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Proof;

/// <summary>
/// Tries at the broker what has to hold for bridges, over its AMQP port, which has the same certificates, revocation lists and logins as
/// its MQTT port: it asks the provider, and it refuses logins that are no bridge's and certificates that are revoked.
/// </summary>
internal sealed class BrokerTrial(RabbitMqOptions options, AmqpConnections connections, BrokerQuestions questions, RevokedCanary canary, TimeProvider time)
{
    private const string Purpose = "iot-proof";

    /// <summary>The vHost of certificates without a mapping (deploy/rabbitmq): no user has permissions there.</summary>
    private const string NobodysVhost = "_none";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The AMQP protocol header (AMQP 0-9-1 section 4.2.2), which a server answers with a frame.</summary>
    private static readonly byte[] Header = [.. "AMQP"u8, 0, 0, 9, 1];

    /// <summary>The checks that the settings make impossible.</summary>
    public IReadOnlyList<BrokerDifference> Untried { get; } = options.TlsFolder is not null && connections.IsTls
        ? []
        : [new BrokerDifference("logins with a revoked certificate", "refused", $"not known: trying takes {RabbitMqSettings.TlsFolder} and an amqps URL in {RabbitMqSettings.AmqpUrl}")];

    /// <summary>What does not hold. Throws what connecting throws where the broker does not answer.</summary>
    public async Task<IReadOnlyList<BrokerDifference>> RunAsync(CancellationToken cancellationToken)
    {
        var found = new List<BrokerDifference>();
        if (!await AsksAsync(cancellationToken))
        {
            found.Add(new BrokerDifference("questions to the provider", "the broker asks about every login (15-ask.conf)", "it does not: wrong auth_backends, or it cannot reach auth_http.*_path or does not trust the certificate there; its log says why"));
        }

        foreach (var (what, factory) in Strangers())
        {
            if (await connections.LetsInAsync(factory, cancellationToken))
            {
                found.Add(new BrokerDifference(what, "refused", "let in"));
            }
        }

        if (Untried.Count == 0 && await RevokedAsync(cancellationToken) is { } revoked && await TakesAsync(revoked, cancellationToken))
        {
            found.Add(new BrokerDifference("logins with a revoked certificate", "refused (advanced.config)", "let in"));
        }

        return found;
    }

    /// <summary>The platform's own login makes the broker ask, whatever comes of it.</summary>
    private async Task<bool> AsksAsync(CancellationToken cancellationToken)
    {
        var start = await questions.NowAsync(cancellationToken);
        await using (await connections.ConnectAsync(NobodysVhost, Purpose, cancellationToken))
        {
        }

        return await questions.AskedSinceAsync(start, cancellationToken);
    }

    private IEnumerable<(string What, Action<ConnectionFactory> Factory)> Strangers()
    {
        yield return ("logins of bridges with a password", factory =>
        {
            factory.UserName = BridgeAccess.For(BusVhost.Name).Login;
            factory.Password = Guid.NewGuid().ToString("N");
        }
        );
        // This host's own certificate: good, and no bridge's.
        if (connections.IsTls)
        {
            yield return ("logins with a certificate that is no bridge's", factory => factory.AuthMechanisms = [new ExternalMechanismFactory()]);
        }
    }

    /// <summary>Waits for the first one to be on the broker's lists.</summary>
    private async Task<SslStreamCertificateContext?> RevokedAsync(CancellationToken cancellationToken)
    {
        if (await canary.FindAsync(cancellationToken) is { } revoked)
        {
            return revoked;
        }

        await Task.Delay(RevokedCanary.Settling, time, cancellationToken);
        return await canary.FindAsync(cancellationToken);
    }

    /// <summary>Without a client library: it would not distinguish a refused certificate from a broken connection.</summary>
    private async Task<bool> TakesAsync(SslStreamCertificateContext certificate, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(Timeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(connections.Host, connections.Port, limit.Token);
        }
        catch (Exception e) when (e is SocketException || timer.IsCancellationRequested)
        {
            throw RabbitMqFailure.Of(e);
        }

        try
        {
            await using var tls = new SslStream(socket.GetStream());
            await tls.AuthenticateAsClientAsync(connections.Tls(certificate), limit.Token);
            await tls.WriteAsync(Header, limit.Token);
            return await tls.ReadAsync(new byte[1], limit.Token) > 0;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // A TLS alert, in the handshake or (TLS 1.3) after it. The same port has just taken a good certificate.
            return false;
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested)
        {
            throw RabbitMqFailure.Of(e);
        }
    }
}
