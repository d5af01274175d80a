using System.Security.Cryptography;
using System.Text;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Keeps provisioners in the database, so that every host on it offers the same key.</summary>
internal sealed class ProvisionerStore(NpgsqlDataSource database, CertificateAuthorityOptions options, TimeProvider time)
{
    /// <summary>
    /// The stored provisioner; made on first use with a new key, the private one only ever encrypted. A key escrowed under another password than
    /// the host's is replaced: it cannot be used here, and it may have been handed out under a password that was given up as too weak.
    /// </summary>
    public async Task<JwkProvisioner> EnsureJwkAsync(string name, CaPasswords passwords, CancellationToken cancellationToken)
    {
        var known = await FindAsync(name, cancellationToken);
        if (known is not null && Opens(known.EncryptedKey, passwords.Provisioner))
        {
            return known;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = JsonWebKey.FromPrivateKey(key);
        (jwk.Use, jwk.Alg, jwk.KeyId) = ("sig", "ES256", jwk.Thumbprint());
        var plaintext = Encoding.UTF8.GetBytes(jwk.ToJson(includePrivate: true));
        var encrypted = Pbes2Jwe.Encrypt(plaintext, passwords.Provisioner);
        CryptographicOperations.ZeroMemory(plaintext);
        await SaveAsync(name, jwk.ToPublic(), encrypted, known?.KeyId, cancellationToken);
        return await FindAsync(name, cancellationToken)
            ?? throw new InvalidOperationException("The provisioner was stored and is not there.");
    }

    private Task<JwkProvisioner?> FindAsync(string name, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT public_key, encrypted_key FROM ca.provisioners WHERE name = $1 AND type = 'JWK'");
        command.Parameters.AddWithValue(name);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new JwkProvisioner(name, JsonWebKey.Parse(reader.GetString(0)), reader.GetString(1), options)
            : null;
    });

    private static bool Opens(string encryptedKey, string password)
    {
        try
        {
            CryptographicOperations.ZeroMemory(Pbes2Jwe.Decrypt(encryptedKey, password));
            return true;
        }
        catch (JoseException)
        {
            return false;
        }
    }

    /// <summary>Inserts, or replaces the key <paramref name="replaced"/> where it is still the stored one.</summary>
    private Task<int> SaveAsync(string name, JsonWebKey publicKey, string encryptedKey, string? replaced, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            replaced is null
                ? "INSERT INTO ca.provisioners (name, type, key_id, public_key, encrypted_key, created_at) VALUES ($1, 'JWK', $2, $3, $4, $5) ON CONFLICT DO NOTHING"
                : "UPDATE ca.provisioners SET key_id = $2, public_key = $3, encrypted_key = $4, created_at = $5 WHERE name = $1 AND type = 'JWK' AND key_id = $6",
            connection);
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(publicKey.KeyId!);
        command.Parameters.AddWithValue(publicKey.ToJson());
        command.Parameters.AddWithValue(encryptedKey);
        command.Parameters.AddWithValue(time.GetUtcNow());
        if (replaced is not null)
        {
            command.Parameters.AddWithValue(replaced);
        }

        var saved = await command.ExecuteNonQueryAsync(cancellationToken);
        if (saved == 1)
        {
            var entry = replaced is null
                ? new AuditEntry("system", "provisioner.created", name, AuditDetails.Of(("key_id", publicKey.KeyId)))
                : new AuditEntry("system", "provisioner.replaced", name, AuditDetails.Of(("key_id", publicKey.KeyId), ("replaced_key_id", replaced)));
            await AuditLog.AppendAsync(connection, entry, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return saved;
    });
}
