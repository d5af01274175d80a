using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>An identity provider whose clients are rows that a test can read: what the embedded one keeps, and as if it served them.</summary>
internal sealed class ServedFederation(IDbContextFactory<ProviderDb> contexts, ProviderOptions options, TimeProvider time) : IFederationProvisioner
{
    private readonly EmbeddedFederationProvisioner _rows = new(contexts, options, time);

    public bool IsServed => true;

    public Uri DiscoveryUrl => _rows.DiscoveryUrl;

    public Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken) => _rows.EnsureClientAsync(client, cancellationToken);

    public Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken) => _rows.RemoveClientAsync(tenantId, cancellationToken);

    public Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken) => _rows.InspectAsync(tenantId, cancellationToken);
}
