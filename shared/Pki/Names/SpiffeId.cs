using System.Diagnostics.CodeAnalysis;

namespace IoTPlatform.Pki;

/// <summary>SPIFFE ids: each tenant is the trust domain <c>{tenant}.{platform domain}</c>.</summary>
public static class SpiffeId
{
    public static string TrustDomain(string tenant, string platformDomain) => throw new NotImplementedException();

    public static string Device(string tenant, string platformDomain, string deviceId) => throw new NotImplementedException();

    /// <summary>A service of a tenant.</summary>
    public static string Service(string tenant, string platformDomain, string name) => throw new NotImplementedException();

    /// <summary>A service of the provider: its trust domain is the platform domain itself.</summary>
    public static string ProviderService(string platformDomain, string name) => throw new NotImplementedException();

    public static string Bridge(string tenant, string platformDomain) => throw new NotImplementedException();

    /// <summary>Splits <c>spiffe://domain/path</c>; path comes with its leading slash. False for anything the SPIFFE ID standard refuses.</summary>
    public static bool TryParse(string uri, [NotNullWhen(true)] out string? trustDomain, [NotNullWhen(true)] out string? path) => throw new NotImplementedException();
}
