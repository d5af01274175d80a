using System.Security.Cryptography;
using System.Text;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Keeps provisioners in the database, so that every host on it offers the same key.</summary>
internal sealed class ProvisionerStore(NpgsqlDataSource database, CertificateAuthorityOptions options, TimeProvider time)
{
    /// <summary>The stored provisioner; made on first use with a new key, the private one only ever encrypted.</summary>
    public async Task<JwkProvisioner> EnsureJwkAsync(string name, CaPasswords passwords, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = JsonWebKey.FromPrivateKey(key).WithUse("sig").WithAlgorithm("ES256");
        jwk = jwk.WithKeyId(jwk.Thumbprint());
        var plaintext = Encoding.UTF8.GetBytes(jwk.ToJson(includePrivate: true));
        var encrypted = Pbes2Jwe.Encrypt(plaintext, passwords.Provisioner);
        CryptographicOperations.ZeroMemory(plaintext);
        await InsertAsync(name, jwk.ToPublic(), encrypted, cancellationToken).ConfigureAwait(false);
        return await FindAsync(name, cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidOperationException("The provisioner was stored and is not there.");
    }

    private Task<JwkProvisioner?> FindAsync(string name, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT public_key, encrypted_key FROM ca.provisioners WHERE name = $1 AND type = 'JWK'");
        command.Parameters.AddWithValue(name);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new JwkProvisioner(name, JsonWebKey.Parse(reader.GetString(0)), reader.GetString(1), options)
            : null;
    });

    private Task<int> InsertAsync(string name, JsonWebKey publicKey, string encryptedKey, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(
            "INSERT INTO ca.provisioners (name, type, key_id, public_key, encrypted_key, created_at) VALUES ($1, 'JWK', $2, $3, $4, $5) ON CONFLICT DO NOTHING", connection);
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(publicKey.KeyId!);
        command.Parameters.AddWithValue(publicKey.ToJson());
        command.Parameters.AddWithValue(encryptedKey);
        command.Parameters.AddWithValue(time.GetUtcNow());
        var inserted = await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        if (inserted == 1)
        {
            await AuditLog.AppendAsync(connection, new AuditEntry("system", "provisioner.created", name, $$"""{"key_id":"{{publicKey.KeyId}}"}"""), cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return inserted;
    });
}
