using Microsoft.AspNetCore.DataProtection;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>Registration access tokens of the tenants' clients, encrypted under the data folder's key.</summary>
internal sealed class FederationRegistrations(NpgsqlDataSource database, IDataProtectionProvider protection, TimeProvider time)
{
    public async Task<FederationRegistration?> FindAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT redirect_uri, ciphertext FROM provider.keycloak_registrations WHERE tenant_id = $1");
        select.Parameters.Add(new() { Value = tenantId });
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new FederationRegistration(reader.GetString(0), await reader.IsDBNullAsync(1, cancellationToken) ? null : Protector(tenantId).Unprotect(reader.GetString(1)))
            : null;
    }

    /// <summary>Before the client is asked for. What an earlier try intended stays: that may be what exists.</summary>
    public Task IntendAsync(string tenantId, string redirectUri, CancellationToken cancellationToken) => ExecuteAsync(
        "INSERT INTO provider.keycloak_registrations (tenant_id, redirect_uri, updated_at) VALUES ($1, $2, $4) ON CONFLICT (tenant_id) DO NOTHING",
        tenantId, redirectUri, null, cancellationToken);

    public Task StoreAsync(string tenantId, string redirectUri, string token, CancellationToken cancellationToken) => ExecuteAsync(
        """
        INSERT INTO provider.keycloak_registrations (tenant_id, redirect_uri, ciphertext, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id) DO UPDATE SET redirect_uri = excluded.redirect_uri, ciphertext = excluded.ciphertext, updated_at = excluded.updated_at
        """,
        tenantId, redirectUri, Protector(tenantId).Protect(token), cancellationToken);

    /// <summary>The token opens nothing any more.</summary>
    public Task ForgetTokenAsync(string tenantId, CancellationToken cancellationToken) => ExecuteAsync(
        "UPDATE provider.keycloak_registrations SET ciphertext = NULL, updated_at = $4 WHERE tenant_id = $1", tenantId, null, null, cancellationToken);

    public Task ForgetAsync(string tenantId, CancellationToken cancellationToken) => ExecuteAsync(
        "DELETE FROM provider.keycloak_registrations WHERE tenant_id = $1", tenantId, null, null, cancellationToken);

    /// <summary>Tenants whose client may exist without the platform having its token.</summary>
    public async Task<IReadOnlyList<(string TenantId, string RedirectUri)>> WithoutTokenAsync(CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT tenant_id, redirect_uri FROM provider.keycloak_registrations WHERE ciphertext IS NULL ORDER BY tenant_id");
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var found = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), reader.GetString(1)));
        }

        return found;
    }

    private async Task ExecuteAsync(string sql, string tenantId, string? redirectUri, string? ciphertext, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = tenantId });
        command.Parameters.Add(new() { Value = (object?)redirectUri ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)ciphertext ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // The tenant is part of the purpose: a row moved to another tenant doesn't decrypt.
    private IDataProtector Protector(string tenantId) => protection.CreateProtector("provider.keycloak_registrations", tenantId);
}

/// <summary>What the platform knows of a tenant's client. A class, not a record: it carries a credential.</summary>
internal sealed class FederationRegistration(string redirectUri, string? token)
{
    /// <summary>With which the client was asked for.</summary>
    public string RedirectUri { get; } = redirectUri;

    /// <summary>The registration access token: reads, changes and deletes this one client. Null: not known.</summary>
    public string? Token { get; } = token;
}
