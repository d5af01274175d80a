using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Keeps a RabbitMQ's own certificate on disk, and the root: renewed after two thirds of its life, for other names, or under a new
/// issuer. RabbitMQ serves it from the next handshake on.
/// </summary>
/// <param name="authority">Signs it.</param>
/// <param name="hosts">DNS names and addresses of the broker.</param>
/// <param name="files">Where the broker reads.</param>
/// <param name="time">When it is due.</param>
/// <param name="log">Each renewal, and each that failed.</param>
public sealed partial class BrokerCertificate(
    Authority authority, IReadOnlyList<string> hosts, BrokerCertificateFiles files, TimeProvider time, ILogger<BrokerCertificate> log) : BackgroundService
{
    /// <summary>CN of the certificate and name in its SPIFFE id.</summary>
    public const string Service = ServiceNames.Broker;

    private static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(1);

    /// <summary>Before the host is ready: a broker that waits for its certificate can start.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryRenewAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(CheckInterval, time, stoppingToken);
            await TryRenewAsync(stoppingToken);
        }
    }

    private async Task TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            files.SaveRoots(authority.Chain);
            using var current = files.TryLoad();
            if (current is null || IsDue(current) || await authority.FindAsync(SerialOf(current), cancellationToken) is { IsRevoked: true })
            {
                await RenewAsync(cancellationToken);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            RenewalFailed(e);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = Names();
        var issued = await authority.IssueAsync(
            new IssueRequest
            {
                Profile = Profiles.Service,
                Csr = CertificateSigningRequest.Of(key),
                Names = names,
                Provisioner = "self",
                Requester = "system",
            },
            cancellationToken);
        files.Save(key, issued.Pem + issued.IssuersPem);
        Renewed(issued.Serial, issued.NotAfter);
    }

    private SubjectNames Names()
    {
        var names = SubjectNames.FromSans(Service, hosts);
        return names with { Uris = [.. names.Uris, authority.Options.SpiffeIdOf(Service)] };
    }

    private static byte[] SerialOf(X509Certificate2 certificate) => ParsedCertificate.Parse(certificate.RawData).SerialNumber.ToArray();

    private bool IsDue(X509Certificate2 certificate)
    {
        var parsed = ParsedCertificate.Parse(certificate.RawData);
        return time.GetUtcNow() >= parsed.NotBefore + ((parsed.NotAfter - parsed.NotBefore) * 2 / 3)
            || !parsed.Names.HasSameNames(Names())
            || !IssuerInfo.FromCertificate(authority.Chain.Issuer).HasSigned(parsed)
            // A Sub-CA that was signed again for the same key, under another Intermediate CA.
            || !files.HasIssuers(authority.Chain);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker's certificate is {Serial}, valid until {NotAfter:u}")]
    private partial void Renewed(string serial, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Error, Message = "The broker's certificate could not be renewed. Trying again in a minute.")]
    private partial void RenewalFailed(Exception exception);
}
