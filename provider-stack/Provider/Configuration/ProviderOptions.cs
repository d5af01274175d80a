using System.Net;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Provider.Configuration;

/// <summary>The provider's configuration, complete and valid. It carries secrets, so it prints nothing.</summary>
internal sealed record ProviderOptions
{
    public required string DataPath { get; init; }

    /// <summary>https URLs to listen on.</summary>
    public required IReadOnlyList<string> Listen { get; init; }

    /// <summary>Of the embedded broker, beside the addresses of HTTPS.</summary>
    public IReadOnlyList<ListenAddress> MqttListen { get; init; } = [];

    /// <summary>DNS names and IP addresses of this host.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>How tenants reach this host; ends with a slash.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary>Null: certificates name no address for revocation lists and OCSP.</summary>
    public ValidationOptions? Validation { get; init; }

    /// <summary>Null: no Intermediate CA gives way to another one at this start.</summary>
    public IntermediateReplacement? ReplaceIntermediate { get; init; }

    public AcmeOptions Acme { get; init; } = new();

    /// <summary>Signs leaves in this stack's place; null: none does.</summary>
    public CertificateAuthority.Upstream.UpstreamOptions? UpstreamCa { get; init; }

    /// <summary>Signs the Intermediate CA; null: the platform's own root does.</summary>
    public ExternalRootOptions? ExternalRoot { get; init; }

    public WebhookOptions Webhooks { get; init; } = new();

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.CertificateRetention"/>.</summary>
    public TimeSpan? CertificateRetention { get; init; } = CertificateAuthority.Inventory.CertificateRetention.Default;

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.Budget"/>.</summary>
    public CertificateAuthority.Budgets.StackBudget Budget { get; init; } = new();

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.EndpointCertificates"/>.</summary>
    public int? EndpointCertificates { get; init; } = CertificateAuthority.Inventory.EndpointLimit.Default;

    public required string PlatformDomain { get; init; }

    /// <summary>False if the platform domain is not configured; a value kept by an earlier start then takes precedence.</summary>
    public bool IsPlatformDomainSet { get; init; } = true;

    /// <summary>Names not used yet, which Sub-CAs exclude from now on.</summary>
    public IReadOnlyList<string> ReservedNames { get; init; } = [];

    /// <summary>Connection string; null: private server.</summary>
    public string? Database { get; init; }

    /// <summary>The operator confirms that the database is lost.</summary>
    public bool LostDatabase { get; init; }

    /// <summary>A backup that fills the private database at this start.</summary>
    public string? Restore { get; init; }

    /// <summary>Of the first account; null: generated.</summary>
    public string? AdminPassword { get; init; }

    public required Func<DataFolder, CaPasswords> ResolvePasswords { get; init; }

    public required Uri RabbitmqUrl { get; init; }
    public required Uri RabbitmqMqttUrl { get; init; }
    public required Uri DiscoveryUrl { get; init; }

    /// <summary>The identity provider of the platform's staff and of its tenants; null: this host's own.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>On the local accounts.</summary>
    public required IssuerOptions Issuer { get; init; }

    /// <summary>Null: the embedded broker.</summary>
    public RabbitMqOptions? RabbitMq { get; init; }
    public TenantPlans Plans { get; init; } = TenantPlans.Default;

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.RenewalsPerSubject"/>.</summary>
    public int RenewalsPerSubject { get; init; } = 10;

    public TelemetryOptions Telemetry { get; init; } = new();

    public ObservabilityOptions Observability { get; init; } = new();

    /// <summary>How long one step of a workflow may take before it counts as a dependency that is down.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a caller waits for the workflow before it is sent away with Retry-After.</summary>
    public TimeSpan WorkflowTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How often it is looked for workflows whose wake-up was lost.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often what is due at the broker and the identity provider is looked up, and whether the bus is back.</summary>
    public TimeSpan WakeInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The origins under which a caller may have addressed this host: audiences of key proofs.</summary>
    public IEnumerable<Uri> Origins => Names
        .Select(name => IPAddress.TryParse(name, out var ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{name}]" : name)
        .SelectMany(name => Listen.Select(url => new UriBuilder(Uri.UriSchemeHttps, name, ListenAddress.Parse(url).Port).Uri))
        .Prepend(PublicUrl);

    public override string ToString() => nameof(ProviderOptions);
}
