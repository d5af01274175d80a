using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Outbound;

/// <summary>HTTPS to addresses that administrators name. Every address of a name is judged, and the one that was judged is connected to, whatever the name means a moment later.</summary>
/// <param name="destinations">That the operator allows.</param>
/// <param name="issuers">Of this host's own certificates.</param>
/// <param name="time">By which certificates are in date.</param>
internal sealed class OutboundConnections(WebhookOptions destinations, Func<IssuerSet> issuers, TimeProvider time)
{
    /// <summary>No redirects, no proxy, no cookies; 16 KiB of headers.</summary>
    /// <param name="certificate">Shown to servers; null: none.</param>
    public SocketsHttpHandler Handler(SslStreamCertificateContext? certificate) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        // Kilobytes.
        MaxResponseHeadersLength = 16,
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, cancellationToken),
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = certificate,
            CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
            RemoteCertificateValidationCallback = IsTrusted,
        },
    };

    /// <summary>By the machine's roots, or this host's own issuers. No other CA below the platform's root: a tenant's vouches for whatever name it likes.</summary>
    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => errors == SslPolicyErrors.None
        || (errors == SslPolicyErrors.RemoteCertificateChainErrors && certificate is X509Certificate2 server && IsOfOwnIssuer(server));

    /// <summary>What the server sent beside its certificate is not looked at: it could lead over another CA. Nor does the root alone vouch for it: a root of others signs servers of others, too.</summary>
    private bool IsOfOwnIssuer(X509Certificate2 server)
    {
        var known = issuers();
        X509Certificate2[] authorities = [.. known.Chain.Intermediates, .. known.AlsoAccepted];
        return ChainVerifier.Verify(server, authorities, [known.Chain.Root], CertificatePurpose.ServerAuth, time.GetUtcNow()).IsValid
            && authorities.Any(authority => IssuerInfo.FromCertificate(authority).HasSigned(ParsedCertificate.Parse(server.RawDataMemory)));
    }

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        if (!destinations.HasHost(target.Host))
        {
            throw new WebhookException(WebhookOptions.Refusal(target.Host));
        }

        var addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
        // One forbidden address is enough: who has it beside an allowed one waits for the other to be tried.
        if (addresses.Length == 0 || !addresses.All(address => ReachableAddresses.IsAllowed(address, destinations.Networks)))
        {
            throw new WebhookException($"it has an address that this host does not connect to ({WebhookOptions.NetworksSetting})");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
