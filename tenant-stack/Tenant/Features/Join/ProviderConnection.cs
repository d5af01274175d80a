using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>A client of the provider's API, and the root it trusts for as long as it lives.</summary>
internal sealed class ProviderConnection(ProviderClient client, X509Certificate2 root) : IDisposable
{
    public ProviderClient Client => client;

    public void Dispose()
    {
        client.Dispose();
        root.Dispose();
    }
}
