using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>
/// Each tenant's client secret, chosen and stored before any identity provider hears of it, so that a retry can never answer a
/// different one. Encrypted under the data folder's key: a copy of the database alone gives nothing away.
/// </summary>
internal sealed class FederationSecrets(NpgsqlDataSource database, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>The tenant's secret, made on first use: 256 random bits, base64url.</summary>
    public async Task<string> EnsureAsync(string tenantId, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenantId, cancellationToken) is { } existing)
        {
            return existing;
        }

        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        await using var insert = database.CreateCommand(
            "INSERT INTO provider.federation_secrets (tenant_id, ciphertext, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
        insert.Parameters.Add(new() { Value = tenantId });
        insert.Parameters.Add(new() { Value = Protector(tenantId).Protect(secret) });
        insert.Parameters.Add(new() { Value = time.GetUtcNow() });
        await insert.ExecuteNonQueryAsync(cancellationToken);
        // Whoever was first has won; both answer the same.
        return await FindAsync(tenantId, cancellationToken) ?? throw new InvalidOperationException("The federation secret vanished while it was made.");
    }

    /// <summary>The secret that the bundle of a JOIN carries: its own where it is to replace another JOIN, else the tenant's. Null: none was chosen.</summary>
    public async Task<string?> OfJoinAsync(string tenantId, Guid joinId, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT ciphertext FROM provider.join_secrets WHERE join_id = $1");
        select.Parameters.Add(new() { Value = joinId });
        return await select.ExecuteScalarAsync(cancellationToken) is string ciphertext
            ? Protector(tenantId).Unprotect(ciphertext)
            : await FindAsync(tenantId, cancellationToken);
    }

    /// <summary>Chooses the secret of a JOIN that is to replace another one, once. The tenant keeps its own until then.</summary>
    public async Task EnsureOfJoinAsync(string tenantId, Guid joinId, CancellationToken cancellationToken)
    {
        await using var insert = database.CreateCommand("INSERT INTO provider.join_secrets (join_id, ciphertext, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
        insert.Parameters.Add(new() { Value = joinId });
        insert.Parameters.Add(new() { Value = Protector(tenantId).Protect(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))) });
        insert.Parameters.Add(new() { Value = time.GetUtcNow() });
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<string?> FindAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT ciphertext FROM provider.federation_secrets WHERE tenant_id = $1");
        select.Parameters.Add(new() { Value = tenantId });
        return await select.ExecuteScalarAsync(cancellationToken) is string ciphertext ? Protector(tenantId).Unprotect(ciphertext) : null;
    }

    /// <summary>The secret that is to replace the tenant's, made on first use and the same until <see cref="PromoteNextAsync"/>.</summary>
    public async Task<string> PrepareNextAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var prepare = database.CreateCommand(
            "UPDATE provider.federation_secrets SET next_ciphertext = coalesce(next_ciphertext, $2) WHERE tenant_id = $1 RETURNING next_ciphertext");
        prepare.Parameters.Add(new() { Value = tenantId });
        prepare.Parameters.Add(new() { Value = Protector(tenantId).Protect(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))) });
        return await prepare.ExecuteScalarAsync(cancellationToken) is string ciphertext
            ? Protector(tenantId).Unprotect(ciphertext)
            : throw new InvalidOperationException($"Tenant {tenantId} has no federation secret to replace.");
    }

    public async Task PromoteNextAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var promote = database.CreateCommand(
            "UPDATE provider.federation_secrets SET ciphertext = next_ciphertext, next_ciphertext = NULL WHERE tenant_id = $1 AND next_ciphertext IS NOT NULL");
        promote.Parameters.Add(new() { Value = tenantId });
        await promote.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ForgetAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var delete = database.CreateCommand("DELETE FROM provider.federation_secrets WHERE tenant_id = $1");
        delete.Parameters.Add(new() { Value = tenantId });
        await delete.ExecuteNonQueryAsync(cancellationToken);
    }

    // The tenant is part of the purpose: a row moved to another tenant doesn't decrypt.
    private IDataProtector Protector(string tenantId) => protection.CreateProtector("provider.federation_secrets", tenantId);
}
