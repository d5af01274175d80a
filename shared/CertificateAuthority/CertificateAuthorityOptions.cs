using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>How this host's authority names itself and what it puts into certificates.</summary>
public sealed record CertificateAuthorityOptions
{
    /// <summary>For example <c>iotplatform.internal</c>.</summary>
    public required string PlatformDomain { get; init; }

    /// <summary>The tenant this authority belongs to; null on the provider.</summary>
    public string? Tenant { get; init; }

    /// <summary>DNS names and IP addresses of this host: SANs of the service certificate, and the hosts a one-time token may name as its audience.</summary>
    public IReadOnlyList<string> Names { get; init; } = ["localhost", "127.0.0.1", "::1"];

    /// <summary>Names of authorities whose place this one has taken: token audiences, too.</summary>
    internal ImportedNames ImportedNames { get; } = new();

    /// <summary>Where clients reach this host; its host name is a token audience too.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Put into every certificate but an OCSP responder's; null where no plain HTTP listener serves it.</summary>
    public ValidationAddress? Validation { get; init; }

    public AcmeOptions Acme { get; init; } = new();

    public WebhookOptions Webhooks { get; init; } = new();

    /// <summary>Signs leaves in this authority's place; null: none does.</summary>
    public UpstreamOptions? Upstream { get; init; }

    /// <summary>Signs the Intermediate CA in the place of an own root; null: none does.</summary>
    public ExternalRootOptions? ExternalRoot { get; init; }

    public string RootCommonName { get; init; } = "IoTPlatform Root CA";

    public string IntermediateCommonName { get; init; } = "IoTPlatform Intermediate CA";

    /// <summary>CN of this host's own HTTPS certificate and name in its SPIFFE id, by which clients know the host.</summary>
    public string ServiceName => Tenant is null ? ServiceNames.ProviderApi : ServiceNames.TenantApi;

    /// <summary>Shortest lifetime of a certificate for a one-time token.</summary>
    public TimeSpan MinLeafLifetime { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan DefaultLeafLifetime { get; init; } = TimeSpan.FromHours(24);

    public TimeSpan MaxLeafLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Certificates that one subject gets by renewing, within an eighth of their lifetime.</summary>
    public int RenewalsPerSubject { get; init; } = 10;

    /// <summary>How long certificates are on record after they have ended; null: for ever.</summary>
    public TimeSpan? CertificateRetention { get; init; } = Inventory.CertificateRetention.Default;

    /// <summary>Certificates that are good that an endpoint has before it is told; null: however many.</summary>
    public int? EndpointCertificates { get; init; } = Inventory.EndpointLimit.Default;

    /// <summary>Of certificates and endpoints in all.</summary>
    public Budgets.StackBudget Budget { get; init; } = new();

    /// <summary>Longest exp - iat of a one-time token.</summary>
    public TimeSpan MaxTokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Of a service of this host's: the tenant's, or the provider's.</summary>
    internal string SpiffeIdOf(string service) =>
        Tenant is { } tenant ? SpiffeId.Service(tenant, PlatformDomain, service) : SpiffeId.ProviderService(PlatformDomain, service);
}
