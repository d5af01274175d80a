using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Provider.Configuration;
using Npgsql;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>The platform's own login: its clients are rows in the platform's database.</summary>
internal sealed class EmbeddedFederationProvisioner(NpgsqlDataSource database, ProviderOptions options, TimeProvider time) : IFederationProvisioner
{
    /// <summary>The embedded login signs in the platform's staff alone.</summary>
    public bool IsServed => false;

    public Uri DiscoveryUrl => options.DiscoveryUrl;

    public async Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO provider.federation_clients (client_id, tenant_id, secret_sha256, redirect_uri, created_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (client_id) DO UPDATE SET secret_sha256 = excluded.secret_sha256, redirect_uri = excluded.redirect_uri
            """);
        command.Parameters.Add(new() { Value = client.ClientId });
        command.Parameters.Add(new() { Value = client.TenantId });
        command.Parameters.Add(new() { Value = SHA256.HashData(Encoding.UTF8.GetBytes(client.Secret)) });
        command.Parameters.Add(new() { Value = (object?)client.RedirectUri?.AbsoluteUri ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("DELETE FROM provider.federation_clients WHERE tenant_id = $1");
        command.Parameters.Add(new() { Value = tenantId });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT client_id, redirect_uri FROM provider.federation_clients WHERE tenant_id = $1");
        command.Parameters.Add(new() { Value = tenantId });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new FederationClientState(reader.GetString(0), await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetString(1))
            : null;
    }
}
