using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Names;

namespace IoTPlatform.Provider.Features.Tenants;

/// <summary>What a tenant may be prepared as.</summary>
internal sealed class TenantValidation(ProviderOptions options)
{
    private const int LongestDisplayName = 200;
    private const int MostDomains = 20;

    /// <summary>Throws 400. Returns the tenant's domains, lower-case, each once.</summary>
    public string[] Require(PrepareTenantRequest request)
    {
        TenantIds.RequireNew(request.TenantId);
        var name = request.DisplayName?.Trim();
        if (!FreeText.IsValid(name, LongestDisplayName))
        {
            throw Invalid($"display_name must have 1 to {LongestDisplayName} characters, and {FreeText.Refused}.");
        }

        var domains = (request.DnsDomains ?? []).Select(d => d?.ToLowerInvariant() ?? "").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (domains.Length > MostDomains)
        {
            throw Invalid($"dns_domains has at most {MostDomains} entries.");
        }

        foreach (var domain in domains)
        {
            RequireDomain(domain);
        }

        return domains;
    }

    private void RequireDomain(string domain)
    {
        if (!ServerName.TryParse(domain, out var name, out var why) || !ServerName.IsDnsName(name))
        {
            throw Invalid($"dns_domains: \"{(domain.Length <= 253 ? domain : domain[..253])}\" is not a DNS name: {why ?? "it is an IP address"}.");
        }
        // Either way round the Sub-CA would be permitted and excluded to sign the same names.
        if (NameRegistry.Excluded(options).FirstOrDefault(reserved => ServerName.IsWithin(name, reserved) || ServerName.IsWithin(reserved, name)) is { } overlapped)
        {
            throw new ProblemException(
                StatusCodes.Status400BadRequest, "dns_domain_reserved", $"{name} overlaps the provider's own name {overlapped}. Declare a domain beside it, such as one below {name}.");
        }
    }

    private static ProblemException Invalid(string detail) => new(StatusCodes.Status400BadRequest, "invalid_request", detail);
}
