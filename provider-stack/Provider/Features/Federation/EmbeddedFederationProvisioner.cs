using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>The platform's own login: its clients are rows in the platform's database.</summary>
internal sealed class EmbeddedFederationProvisioner(IDbContextFactory<ProviderDb> contexts, ProviderOptions options, TimeProvider time) : IFederationProvisioner
{
    /// <summary>The embedded login signs in the platform's staff alone.</summary>
    public bool IsServed => false;

    public Uri DiscoveryUrl => options.DiscoveryUrl;

    /// <summary>Under the tenant's lock.</summary>
    public async Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken)
    {
        var secret = SHA256.HashData(Encoding.UTF8.GetBytes(client.Secret));
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.FederationClients.FindAsync([client.ClientId], cancellationToken)
            ?? db.FederationClients.Add(new FederationClientRow { ClientId = client.ClientId, TenantId = client.TenantId, SecretSha256 = secret, CreatedAt = time.GetUtcNow() }).Entity;
        row.SecretSha256 = secret;
        row.RedirectUri = client.RedirectUri?.AbsoluteUri;
        await db.SaveChangesAsync(cancellationToken);
    }

    public async Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.FederationClients.Where(c => c.TenantId == tenantId).ExecuteDeleteAsync(cancellationToken);
    }

    public async Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.FederationClients.AsNoTracking().SingleOrDefaultAsync(c => c.TenantId == tenantId, cancellationToken);
        return row is null ? null : new FederationClientState(row.ClientId, row.RedirectUri);
    }
}
