using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>A stored provisioner.</summary>
/// <param name="Definition">As text, with its secrets.</param>
/// <param name="Written">When it was last written.</param>
/// <param name="Version">Of the definition, and of no other.</param>
/// <param name="AddedAfter">Id of the last certificate that an earlier provisioner of this name can have given out.</param>
internal sealed record ProvisionerRow(string Name, string Type, string Definition, DateTimeOffset Written, long Version, long AddedAfter = 0);

/// <summary>Who changes a provisioner, in place of what.</summary>
/// <param name="By">For the audit log.</param>
/// <param name="Replaces">The version that was read; 0: there is none yet; null: whatever is there.</param>
/// <param name="MayTouchAdministrators">False: what would give the rights of others, or take them, is refused. Whoever has the key of a provisioner is each of its administrators.</param>
internal sealed record ProvisionerChange(string By, long? Replaces = null, bool MayTouchAdministrators = true);

/// <summary>Keeps provisioners in the database, so that every host on it has the same. Each change is audited, and announced to all processes with its commit.</summary>
internal sealed class ProvisionerStore(NpgsqlDataSource database, DefinitionSecrets secrets, CertificateAuthorityOptions options, TimeProvider time)
{
    /// <summary>Of one authority.</summary>
    public const int Most = 200;

    /// <summary>
    /// The host's own provisioner; made on first use with a new key, the private one only ever encrypted. A key escrowed under another password than
    /// the host's is replaced: it cannot be used here, and it may have been handed out under a password that was given up as too weak.
    /// </summary>
    public async Task<JwkProvisioner> EnsureJwkAsync(string name, CaPasswords passwords, CancellationToken cancellationToken)
    {
        var known = await FindAsync(name, cancellationToken);
        if (known is { EncryptedKey: { } escrowed } && Opens(escrowed, passwords.Provisioner.Value))
        {
            return known;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = JsonWebKey.FromPrivateKey(key);
        (jwk.Use, jwk.Alg, jwk.KeyId) = ("sig", "ES256", jwk.Thumbprint());
        var plaintext = Encoding.UTF8.GetBytes(jwk.ToJson(includePrivate: true));
        var encrypted = Pbes2Jwe.Encrypt(plaintext, passwords.Provisioner.Value, iterations: passwords.Provisioner.Rounds);
        CryptographicOperations.ZeroMemory(plaintext);
        await EscrowAsync(name, jwk.ToPublic(), encrypted, known?.KeyId, cancellationToken);
        return await FindAsync(name, cancellationToken)
            ?? throw new InvalidOperationException("The provisioner was stored and is not there.");
    }

    public Task<IReadOnlyList<ProvisionerRow>> ListAsync(CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<ProvisionerRow>>(async () =>
    {
        await using var command = database.CreateCommand("SELECT name, type, definition::text, created_at, version, added_after FROM ca.provisioners ORDER BY created_at, name");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ProvisionerRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new ProvisionerRow(reader.GetString(0), reader.GetString(1), secrets.Decrypted(reader.GetString(2)), reader.GetFieldValue<DateTimeOffset>(3), reader.GetInt64(4), reader.GetInt64(5)));
        }

        return rows;
    });

    /// <summary>Encrypts the secrets of rows that an earlier version wrote as they were.</summary>
    public Task EncryptAsync(CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            var plain = new List<(string Name, string Definition)>();
            await using (var command = new NpgsqlCommand("SELECT name, definition::text FROM ca.provisioners", connection))
            await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    var (stored, encrypted) = (reader.GetString(1), secrets.Encrypted(reader.GetString(1)));
                    if (stored != encrypted)
                    {
                        plain.Add((reader.GetString(0), encrypted));
                    }
                }
            }

            foreach (var (name, definition) in plain)
            {
                await using var command = new NpgsqlCommand("UPDATE ca.provisioners SET definition = $2 WHERE name = $1", connection);
                command.Parameters.AddWithValue(name);
                command.Parameters.Add(new NpgsqlParameter { Value = definition, NpgsqlDbType = NpgsqlDbType.Jsonb });
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            return plain.Count == 0 ? null : new AuditEntry("system", "provisioner.secrets_encrypted", string.Join(", ", plain.Select(one => one.Name)));
        },
        cancellationToken);

    /// <summary>
    /// Adds it, or replaces the one of that name; a retry is idempotent. The endpoints of one that limits them are counted first. One that is of type ACME no more loses its accounts and renews nothing
    /// of before, as a removed one does. Throws 409 <c>key_in_use</c> and <c>too_many_provisioners</c>, 412 <c>changed_meanwhile</c>, and 401 <c>super_admin_required</c>.
    /// </summary>
    /// <param name="definition">One that serves.</param>
    /// <param name="keyId">Of a JWK provisioner.</param>
    /// <param name="change">Who wants it, and in place of what.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public async Task SaveAsync(ProvisionerDefinition definition, string? keyId, ProvisionerChange change, CancellationToken cancellationToken)
    {
        if (ProvisionerOptions.Of(definition).Limits.Endpoints is not null)
        {
            await new EndpointTotals(database, time).CountAsync([definition.Name], cancellationToken);
        }

        await StoreAsync(definition, keyId, change, cancellationToken);
    }

    private Task StoreAsync(ProvisionerDefinition definition, string? keyId, ProvisionerChange change, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            await RequireVersionAsync(connection, definition, change, cancellationToken);
            if (!change.MayTouchAdministrators && await AdministratorsOfAsync(connection, definition.Name, supersOnly: true, cancellationToken) > 0)
            {
                throw SuperAdminRequired(definition.Name);
            }

            await RequireInventoryAsync(connection, definition, cancellationToken);
            await RequireIssuerAsync(connection, definition, cancellationToken);
            await using var command = new NpgsqlCommand(
                """
                WITH ended AS (SELECT name FROM ca.provisioners WHERE name = $1 AND type = 'ACME' AND $2 <> 'ACME'),
                  accounts AS (DELETE FROM acme.accounts WHERE provisioner IN (SELECT name FROM ended)),
                  keys AS (DELETE FROM acme.external_account_keys WHERE provisioner IN (SELECT name FROM ended))
                INSERT INTO ca.provisioners AS p (name, type, key_id, definition, created_at)
                  SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM ca.provisioners WHERE name <> $1) < $6
                  ON CONFLICT (name) DO UPDATE SET type = excluded.type, key_id = excluded.key_id, definition = excluded.definition, created_at = excluded.created_at, version = nextval('ca.versions'),
                    added_after = CASE WHEN p.type = 'ACME' AND excluded.type <> 'ACME' THEN excluded.added_after ELSE p.added_after END
                RETURNING xmax = 0
                """,
                connection);
            Fill(command, definition.Name, definition.Type.ToUpperInvariant(), keyId, definition, time.GetUtcNow());
            command.Parameters.AddWithValue(Most);
            try
            {
                return await command.ExecuteScalarAsync(cancellationToken) switch
                {
                    true => new AuditEntry(change.By, "provisioner.created", definition.Name, AuditDetails.Of(("type", definition.Type), ("key_id", keyId))),
                    false => new AuditEntry(change.By, "provisioner.changed", definition.Name, AuditDetails.Of(("type", definition.Type), ("key_id", keyId))),
                    _ => throw new ProblemException(409, "too_many_provisioners", $"This authority has {Most} provisioners. Remove one first."),
                };
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                throw new ProblemException(409, "key_in_use", "Another provisioner has this key: a token names nothing else.", inner: e);
            }
        },
        cancellationToken);

    /// <summary>
    /// With its administrators, and with the accounts and account keys of an ACME provisioner: another one of that name starts without them. False: there is none of this name. Throws 409
    /// <c>last_super_admin</c>, 412 <c>changed_meanwhile</c> and 401 <c>super_admin_required</c>.
    /// </summary>
    public Task<bool> RemoveAsync(string name, ProvisionerChange change, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            if (change.Replaces is { } expected && await VersionAsync(connection, name, cancellationToken) is { } now && now != expected)
            {
                throw new ProblemException(412, "changed_meanwhile", $"The provisioner {name} was changed meanwhile. Read it again and repeat your change.");
            }

            var administrators = await AdministratorsOfAsync(connection, name, supersOnly: false, cancellationToken);
            if (administrators > 0 && !change.MayTouchAdministrators)
            {
                throw SuperAdminRequired(name);
            }

            if (await AdministratorsOfAsync(connection, name, supersOnly: true, cancellationToken) is > 0 and var supers && supers == await AdministratorsOfAsync(connection, name: null, supersOnly: true, cancellationToken))
            {
                throw new ProblemException(409, "last_super_admin", $"cannot remove provisioner {name} because no super admins will remain");
            }

            await using var command = new NpgsqlCommand(
                """
                WITH removed AS (DELETE FROM ca.provisioners WHERE name = $1 RETURNING name, type),
                  accounts AS (DELETE FROM acme.accounts WHERE provisioner IN (SELECT name FROM removed WHERE type = 'ACME')),
                  keys AS (DELETE FROM acme.external_account_keys WHERE provisioner IN (SELECT name FROM removed WHERE type = 'ACME'))
                SELECT count(*) FROM removed
                """,
                connection);
            command.Parameters.AddWithValue(name);
            return await command.ExecuteScalarAsync(cancellationToken) is 1L
                ? new AuditEntry(change.By, "provisioner.removed", name, AuditDetails.Of(("administrators", administrators == 0 ? null : administrators)))
                : null;
        },
        cancellationToken);

    /// <param name="name">Null: of all provisioners.</param>
    private static async Task<long> AdministratorsOfAsync(NpgsqlConnection connection, string? name, bool supersOnly, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM ca.administrators WHERE (provisioner = $1 OR $1 IS NULL) AND (super OR NOT $2)", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)name ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(supersOnly);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static ProblemException SuperAdminRequired(string name) =>
        new(401, "super_admin_required", $"must have super admin access to change provisioner {name}, which administrators are of");

    private async Task RequireVersionAsync(NpgsqlConnection connection, ProvisionerDefinition wanted, ProvisionerChange change, CancellationToken cancellationToken)
    {
        if (change.Replaces is not { } expected)
        {
            return;
        }

        await using var command = new NpgsqlCommand("SELECT definition::text, created_at, version FROM ca.provisioners WHERE name = $1", connection);
        command.Parameters.AddWithValue(wanted.Name);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var isThere = await reader.ReadAsync(cancellationToken);
        if (expected == (isThere ? reader.GetInt64(2) : 0))
        {
            return;
        }

        throw new ProblemException(412, "changed_meanwhile", !isThere ? $"The provisioner {wanted.Name} was removed meanwhile."
            : expected == 0 ? $"There is a provisioner {wanted.Name} already."
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The provisioner {wanted.Name} was changed meanwhile, at {reader.GetFieldValue<DateTimeOffset>(1):u}. It differs from yours in: {wanted.DifferencesFrom(secrets.Decrypted(reader.GetString(0)))}. Read it again and repeat your change."));
    }

    /// <summary>One that is not there would have nobody.</summary>
    private static async Task RequireInventoryAsync(NpgsqlConnection connection, ProvisionerDefinition definition, CancellationToken cancellationToken)
    {
        if (ProvisionerOptions.Of(definition).Inventory is not { } inventory)
        {
            return;
        }

        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM ca.inventories WHERE name = $1)", connection);
        command.Parameters.AddWithValue(inventory);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
        {
            throw ProvisionerDefinition.Refused($"there is no inventory {inventory}.");
        }
    }

    /// <summary>No other issuer signs in its place. One that has been named already may have ended since: the rest of the provisioner can still be changed.</summary>
    private static async Task RequireIssuerAsync(NpgsqlConnection connection, ProvisionerDefinition definition, CancellationToken cancellationToken)
    {
        if (ProvisionerOptions.Of(definition).Issuer is not { } issuer)
        {
            return;
        }

        await using var command = new NpgsqlCommand(
            """
            SELECT CASE WHEN EXISTS (SELECT FROM ca.provisioners p WHERE p.name = $2 AND p.definition -> 'options' ->> 'issuer' = $1) THEN 'issuing' ELSE (SELECT i.state FROM ca.issuers i WHERE i.name = $1) END
            """,
            connection);
        command.Parameters.AddWithValue(issuer);
        command.Parameters.AddWithValue(definition.Name);
        if (await command.ExecuteScalarAsync(cancellationToken) as string is var state && state != Issuers.IssuerState.Issuing)
        {
            throw ProvisionerDefinition.Refused(state is null ? $"there is no issuer {issuer}." : $"the issuer {issuer} is {state}, and signs nothing new.");
        }
    }

    private static async Task<long?> VersionAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT version FROM ca.provisioners WHERE name = $1", connection);
        command.Parameters.AddWithValue(name);
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Its key alone: options whose secrets can't be decrypted disable it, and keep no host from starting.</summary>
    private async Task<JwkProvisioner?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if ((await ListAsync(cancellationToken)).FirstOrDefault(row => row.Name == name) is not { } row)
        {
            return null;
        }

        var definition = JsonNode.Parse(row.Definition)!.AsObject();
        definition.Remove("options");
        return new JwkProvisioner(ProvisionerDefinition.Parse(definition.ToJsonString()), options);
    }

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

    /// <summary>Inserts, or replaces the key <paramref name="replaced"/> where it is still the stored one; what else the definition says stays.</summary>
    private Task EscrowAsync(string name, JsonWebKey publicKey, string encryptedKey, string? replaced, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            var definition = ProvisionerDefinition.Parse(
                new JsonObject { ["type"] = "JWK", ["name"] = name, ["key"] = JsonNode.Parse(publicKey.ToJson()), ["encryptedKey"] = encryptedKey }.ToJsonString());
            await using var command = new NpgsqlCommand(
                replaced is null
                    ? "INSERT INTO ca.provisioners (name, type, key_id, definition, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
                    : "UPDATE ca.provisioners SET key_id = $3, definition = definition || $4, created_at = $5, version = nextval('ca.versions') WHERE name = $1 AND type = $2 AND key_id = $6",
                connection);
            Fill(command, name, "JWK", publicKey.KeyId, definition, time.GetUtcNow());
            if (replaced is not null)
            {
                command.Parameters.AddWithValue(replaced);
            }

            return await command.ExecuteNonQueryAsync(cancellationToken) == 0 ? null
                : replaced is null ? new AuditEntry("system", "provisioner.created", name, AuditDetails.Of(("key_id", publicKey.KeyId)))
                : new AuditEntry("system", "provisioner.replaced", name, AuditDetails.Of(("key_id", publicKey.KeyId), ("replaced_key_id", replaced)));
        },
        cancellationToken);

    private void Fill(NpgsqlCommand command, string name, string type, string? keyId, ProvisionerDefinition definition, DateTimeOffset now)
    {
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(type);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)keyId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = secrets.Encrypted(definition.ToJson()), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.AddWithValue(now);
    }

    /// <summary>The change and its entry in one transaction; null: there was nothing to change.</summary>
    private Task<bool> ChangeAsync(Func<NpgsqlConnection, Task<AuditEntry?>> change, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await Administration.AdministratorStore.LockAsync(connection, cancellationToken);
        if (await change(connection) is not { } entry)
        {
            return false;
        }

        await AuditLog.AppendAsync(connection, entry, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    });
}
