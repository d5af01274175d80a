using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>Keeps the broker's own certificate on disk, renewed after two thirds of its life, for other names, or under a new intermediate. RabbitMQ serves it from the next handshake on.</summary>
internal sealed partial class BrokerCertificate(
    Authority authority, ProviderOptions provider, RabbitMqOptions options, BrokerCertificateFiles files, TimeProvider time, ILogger<BrokerCertificate> log) : BackgroundService
{
    /// <summary>CN of the certificate and name in its SPIFFE id.</summary>
    public const string Service = "rabbitmq";

    private static readonly TimeSpan CheckInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    /// <summary>Before the host is ready: a broker that waits for its certificate can start.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryRenewAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
            await Task.Delay(await TryRenewAsync(stoppingToken) ? CheckInterval : RetryInterval, time, stoppingToken);
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var current = files.TryLoad();
            if (current is null || IsDue(current))
                await RenewAsync(cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            RenewalFailed(e);
            return false;
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
                Csr = CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, names)),
                Names = names,
                Provisioner = "self",
                Requester = "system",
            },
            cancellationToken);
        files.SaveRoot(authority.Chain.Root);
        files.Save(key, issued.Pem + issued.IssuersPem);
        Renewed(issued.Serial, issued.NotAfter);
    }

    private SubjectNames Names()
    {
        var names = SubjectNames.FromSans(Service, options.Names);
        return names with { Uris = [.. names.Uris, SpiffeId.ProviderService(provider.PlatformDomain, Service)] };
    }

    private bool IsDue(X509Certificate2 certificate)
    {
        var parsed = ParsedCertificate.Parse(certificate.RawData);
        return time.GetUtcNow() >= parsed.NotBefore + ((parsed.NotAfter - parsed.NotBefore) * 2 / 3)
            || !parsed.Names.HasSameNames(Names())
            || !IssuerInfo.FromCertificate(authority.Chain.Issuer).HasSigned(parsed);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker's certificate is {Serial}, valid until {NotAfter:u}")]
    private partial void Renewed(string serial, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Error, Message = "The broker's certificate could not be renewed. Trying again in a minute.")]
    private partial void RenewalFailed(Exception exception);
}
