using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>Secrets of the platform's own clients, encrypted under the data folder's key.</summary>
internal sealed class KeycloakSecrets(NpgsqlDataSource database, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>The client's secret, made on first use: 256 random bits, base64url.</summary>
    public async Task<string> EnsureAsync(string clientId, CancellationToken cancellationToken)
    {
        await using var insert = database.CreateCommand(
            "INSERT INTO provider.keycloak_secrets (client_id, ciphertext, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
        insert.Parameters.Add(new() { Value = clientId });
        insert.Parameters.Add(new() { Value = Protector(clientId).Protect(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))) });
        insert.Parameters.Add(new() { Value = time.GetUtcNow() });
        await insert.ExecuteNonQueryAsync(cancellationToken);
        return await FindAsync(clientId, cancellationToken) ?? throw new InvalidOperationException("A client's secret vanished while it was made.");
    }

    public async Task<string?> FindAsync(string clientId, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT ciphertext FROM provider.keycloak_secrets WHERE client_id = $1");
        select.Parameters.Add(new() { Value = clientId });
        return await select.ExecuteScalarAsync(cancellationToken) is string ciphertext ? Protector(clientId).Unprotect(ciphertext) : null;
    }

    private IDataProtector Protector(string clientId) => protection.CreateProtector("provider.keycloak_secrets", clientId);
}

/// <summary>There from the first <c>iot identity init</c> on.</summary>
internal sealed class PortalSecret(KeycloakSecrets secrets) : IClientSecret
{
    public Task<string?> FindAsync(CancellationToken cancellationToken) => secrets.FindAsync(PortalAddresses.ClientId, cancellationToken);
}
