using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// Which of the platform's servers a client means. A host name alone is no identity below the platform's root: a tenant without declared
/// domains may sign any host name, so what counts is who signed the certificate and which SPIFFE id it carries.
/// </summary>
public sealed class ServerIdentity
{
    private const string ServicePath = "/service/";
    private readonly string? _trustDomain;
    private readonly string[] _services;

    private ServerIdentity(string? trustDomain, bool isTenant, params string[] services)
    {
        _trustDomain = trustDomain;
        _services = services;
        IsTenant = isTenant;
    }

    public bool IsTenant { get; }

    /// <summary>As in errors: "the provider" or "the tenant with the trust domain acme.example".</summary>
    public string Description => IsTenant ? $"the tenant with the trust domain {_trustDomain}" : _trustDomain is null ? "the provider" : $"the provider of {_trustDomain}";

    /// <summary>A service of the provider. The Intermediate CA signs the provider's services only, so the platform domain may be unknown (null).</summary>
    public static ServerIdentity Provider(string? platformDomain = null, string service = ServiceNames.ProviderApi) => new(platformDomain, isTenant: false, service);

    /// <summary>What answers tenants' bridges: the provider itself, or the broker beside it.</summary>
    public static ServerIdentity ProviderBroker(string? platformDomain = null) => new(platformDomain, isTenant: false, ServiceNames.ProviderApi, ServiceNames.Broker);

    /// <summary>A service of one tenant.</summary>
    /// <param name="trustDomain">From <see cref="SpiffeId.TrustDomain"/>.</param>
    /// <param name="service">One of <see cref="ServiceNames"/>.</param>
    public static ServerIdentity Tenant(string trustDomain, string service = ServiceNames.TenantApi) => new(trustDomain, isTenant: true, service);

    /// <summary>Null when the verified path (leaf first, root last) is this server's, else why it is not.</summary>
    internal string? FindViolation(IReadOnlyList<ParsedCertificate> path) =>
        (IsTenant ? PlatformPath.TenantViolation(path, _trustDomain!) : PlatformPath.ProviderViolation(path))
        ?? (path[0].Names.Uris.Any(IsTheService) ? null : $"its SPIFFE id is not that of {Description}");

    private bool IsTheService(string uri) =>
        SpiffeId.TryParse(uri, out var domain, out var path)
        && (_trustDomain is null || string.Equals(domain, _trustDomain, StringComparison.Ordinal))
        && path.StartsWith(ServicePath, StringComparison.Ordinal) && _services.Contains(path[ServicePath.Length..], StringComparer.Ordinal);
}

/// <summary>Whether a certificate is for a host: among its DNS and IP alternative names only. The CN counts for nothing (RFC 9525 6.3).</summary>
public static class HostNameMatch
{
    /// <summary>In a validation callback: for the host that this connection calls. Under <see cref="TlsPolicy.JudgedElsewhere"/> .NET reports no name that is another's.</summary>
    /// <param name="sender">The callback's.</param>
    /// <param name="certificate">The server's.</param>
    public static bool IsForTarget(object sender, X509Certificate2 certificate) => sender is SslStream { TargetHostName: { } host } && IsFor(certificate, host);

    public static bool IsFor(X509Certificate2 certificate, string host)
    {
        try
        {
            return certificate.MatchesHostname(host.Trim('[', ']').TrimEnd('.'), allowWildcards: true, allowCommonName: false);
        }
        catch (ArgumentException)
        {
            return false; // no host name at all
        }
    }
}
