using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Issuers;

/// <summary>Keeps issuers in the database, so that every host on it has the same. Each change is audited, and announced to all processes with its commit.</summary>
internal sealed class IssuerStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Of one authority: each is a revocation list and an OCSP responder.</summary>
    public const int Most = 100;

    /// <summary>The issuer and its root among them.</summary>
    private const int MostInChain = 8;

    private const int LongestName = 63;
    private const int LongestKeyId = 64;

    private const string Columns = "name, encode(key_id, 'hex'), chain, key, array_to_string(dns_names, E'\\n'), source = 'imported', state, created_at, compromised_at";

    /// <summary>What these say is no leaf's: the host makes them for itself.</summary>
    private static readonly string[] OfHost = [Profiles.OcspResponder.Name, Profiles.Service.Name];

    /// <summary>Whether an issuer may have this name.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-';

    /// <summary>By name.</summary>
    public Task<IReadOnlyList<IssuerRow>> ListAsync(CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<IssuerRow>>(async () =>
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM ca.issuers ORDER BY name");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<IssuerRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader));
        }

        return rows;
    });

    /// <summary>
    /// Adds one, or changes the one of that key: <paramref name="change"/> gets what is there and returns what is to be, without a name if it has none yet. Throws 409 <c>too_many_issuers</c>.
    /// </summary>
    /// <param name="keyId">Lower-case hex.</param>
    /// <param name="commonName">A name is made of it.</param>
    /// <param name="change">From the row of now; null: there is none.</param>
    /// <param name="entry">Of the audit log.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public async Task<string> SaveAsync(string keyId, string commonName, Func<IssuerRow?, IssuerRow> change, Func<IssuerRow, AuditEntry> entry, CancellationToken cancellationToken)
    {
        var name = "";
        await ChangeAsync(
            async connection =>
            {
                var there = await FindAsync(connection, "key_id = decode($1, 'hex')", keyId, cancellationToken);
                var row = change(there);
                name = there?.Name ?? await FreeNameAsync(connection, commonName, keyId, cancellationToken);
                row = row with { Name = name };
                if (row == there)
                {
                    return null;
                }

                await WriteAsync(connection, row, isNew: there is null, cancellationToken);
                return entry(row);
            },
            cancellationToken);
        return name;
    }

    /// <summary>The same by name. Throws 409 <c>too_many_issuers</c>, and <c>key_id_taken</c> for the key identifier of another one.</summary>
    public async Task<IssuerRow> ChangeAsync(string name, Func<IssuerRow?, IssuerRow> change, Func<IssuerRow, AuditEntry> entry, CancellationToken cancellationToken)
    {
        IssuerRow? row = null;
        await ChangeAsync(
            async connection =>
            {
                var there = await FindAsync(connection, "name = $1", name, cancellationToken);
                row = change(there);
                if (row == there)
                {
                    return null;
                }

                await WriteAsync(connection, row, isNew: there is null, cancellationToken);
                return entry(row);
            },
            cancellationToken);
        return row!;
    }

    /// <summary>Throws 404 <c>no_such_issuer</c>, and 409 <c>issuer_requested</c>, <c>issuer_compromised</c> and <c>issuer_without_key</c>.</summary>
    public Task SetStateAsync(string name, string state, string by, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            var row = await FindAsync(connection, "name = $1", name, cancellationToken) ?? throw NotFound(name);
            if (row.State == IssuerState.Requested)
            {
                throw new ProblemException(409, "issuer_requested", $"The issuer {name} waits for a certificate.");
            }

            if (state == row.State)
            {
                return null;
            }

            if (row.CompromisedAt is not null)
            {
                throw Compromised(name);
            }

            if (state == IssuerState.Issuing && row.Key is null)
            {
                throw WithoutKey(name);
            }

            await WriteAsync(connection, row with { State = state }, isNew: false, cancellationToken);
            return new AuditEntry(by, "issuer.state_changed", name, AuditDetails.Of(("state", state), ("from", row.State)));
        },
        cancellationToken);

    /// <summary>Retires one whose key is in other hands for ever, and revokes with it, in one transaction. Again, it revokes alone. Throws 404 <c>no_such_issuer</c>, and 409 <c>emergency_changed</c>.</summary>
    /// <param name="name">As provisioners say it.</param>
    /// <param name="keyId">Lower-case hex: another one may have its name by now.</param>
    /// <param name="revoke">In that transaction.</param>
    /// <param name="by">For the audit log.</param>
    /// <param name="cancellationToken">Ends it before its commit.</param>
    public Task EndAsync(string name, string keyId, Func<NpgsqlConnection, Task> revoke, string by, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            var row = await FindAsync(connection, "name = $1", name, cancellationToken) ?? throw NotFound(name);
            if (row.KeyId != keyId)
            {
                throw new ProblemException(409, "emergency_changed", $"The issuer {name} is another one now. Look at the preview again.");
            }

            if (row.CompromisedAt is null)
            {
                await WriteAsync(connection, row with { State = IssuerState.Retired, CompromisedAt = time.GetUtcNow() }, isNew: false, cancellationToken);
            }

            // After the row: what it signs from now on the ledger refuses, and what it has signed is there to be revoked.
            await revoke(connection);
            return row.CompromisedAt is null ? new AuditEntry(by, "issuer.compromised", name, AuditDetails.Of(("issuer_key_id", keyId), ("from", row.State))) : null;
        },
        cancellationToken);

    /// <summary>With its key. Throws 404 <c>no_such_issuer</c>, and 409 <c>issuer_in_use</c> while it may sign, a provisioner names it, or a certificate of it has not ended.</summary>
    public Task RemoveAsync(string name, string by, CancellationToken cancellationToken) => ChangeAsync(
        async connection =>
        {
            var row = await FindAsync(connection, "name = $1", name, cancellationToken) ?? throw NotFound(name);
            if (row.State is not (IssuerState.Retired or IssuerState.Requested))
            {
                throw InUse($"The issuer {name} is {row.State}: retire it first.");
            }

            if (await IsAsync("SELECT EXISTS (SELECT FROM ca.provisioners WHERE definition -> 'options' ->> 'issuer' = $1)", name))
            {
                throw InUse($"A provisioner names the issuer {name}.");
            }

            if (row.KeyId is { } keyId && await IsAsync(
                "SELECT EXISTS (SELECT FROM ca.certificates WHERE issuer_key_id = decode($1, 'hex') AND not_after > $2 AND profile <> ALL ($3))", keyId, time.GetUtcNow(), OfHost))
            {
                throw InUse($"A certificate of the issuer {name} has not ended: whoever checks it asks for its revocation list.");
            }

            await using var command = Command(connection, "DELETE FROM ca.issuers WHERE name = $1", name);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new AuditEntry(by, "issuer.removed", name, AuditDetails.Of(("issuer_key_id", row.KeyId)));

            async Task<bool> IsAsync(string query, params object[] values)
            {
                await using var asked = Command(connection, query, values);
                return (bool)(await asked.ExecuteScalarAsync(cancellationToken))!;
            }
        },
        cancellationToken);

    public static ProblemException NotFound(string name) => new(404, "no_such_issuer", $"There is no issuer {name}.");

    public static ProblemException WithoutKey(string name) => new(409, "issuer_without_key", $"The key of the issuer {name} is not here: it can't sign.");

    public static ProblemException Compromised(string name) => new(409, "issuer_compromised", $"The key of the issuer {name} is in other hands: it never signs again.");

    public static ProblemException InUse(string why) => new(409, "issuer_in_use", why);

    public static ProblemException KeyIdTaken(Exception? inner = null) => new(409, "key_id_taken", "An issuer with another key has this key identifier here.", inner: inner);

    /// <summary>Throws where it has no place in a row.</summary>
    public static void RequireUsable(CertificateChain chain)
    {
        if (chain.Certificates.Length is < 2 or > MostInChain)
        {
            throw new PkiException(PkiError.Malformed, $"The chain has the issuer first and its root last, and they are 2 to {MostInChain}.");
        }

        if (IssuerInfo.FromCertificate(chain.Issuer).SubjectKeyIdentifier.Length is 0 or > LongestKeyId)
        {
            throw new PkiException(PkiError.Malformed, $"The issuer's subject key identifier has 1 to {LongestKeyId} octets.");
        }
    }

    private static async Task<IssuerRow?> FindAsync(NpgsqlConnection connection, string where, string value, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, $"SELECT {Columns} FROM ca.issuers WHERE {where}", value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static async Task WriteAsync(NpgsqlConnection connection, IssuerRow row, bool isNew, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            isNew
                ? """
                  INSERT INTO ca.issuers (name, key_id, chain, key, dns_names, source, state, created_at, compromised_at)
                    SELECT $1, decode($2, 'hex'), $3, $4, $5, $6, $7, $8, $10 WHERE (SELECT count(*) FROM ca.issuers) < $9
                  """
                : "UPDATE ca.issuers SET key_id = decode($2, 'hex'), chain = $3, key = $4, dns_names = $5, source = $6, state = $7, created_at = $8, compromised_at = $10 WHERE name = $1 AND $9 > 0",
            row.Name);
        foreach (var text in (string?[])[row.KeyId, row.Chain, row.Key])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        }

        foreach (var value in (object[])[row.Names.ToArray(), row.IsImported ? "imported" : "created", row.State, row.CreatedAt.ToUniversalTime(), Most])
        {
            command.Parameters.AddWithValue(value);
        }

        command.Parameters.Add(new NpgsqlParameter { Value = (object?)row.CompromisedAt?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        try
        {
            if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
            {
                throw new ProblemException(409, "too_many_issuers", $"This authority has {Most} issuers. Remove one first.");
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw KeyIdTaken(e);
        }
    }

    /// <summary>Of letters, digits and dashes. Two of one common name differ by their keys.</summary>
    private static async Task<string> FreeNameAsync(NpgsqlConnection connection, string commonName, string keyId, CancellationToken cancellationToken)
    {
        var words = new string([.. commonName.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ').Take(50)]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var name = words.Length == 0 ? "issuer" : string.Join('-', words);
        return await FindAsync(connection, "name = $1", name, cancellationToken) is null ? name : $"{name}-{keyId[..Math.Min(8, keyId.Length)]}";
    }

    private static IssuerRow Read(NpgsqlDataReader reader)
    {
        return new(reader.GetString(0), Text(1), Text(2), Text(3), reader.GetString(4), reader.GetBoolean(5), reader.GetString(6), reader.GetFieldValue<DateTimeOffset>(7))
        {
            CompromisedAt = reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8),
        };

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string query, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(query, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }

    /// <summary>The change and its entry in one transaction, under the lock of whoever changes provisioners; null: the row was not changed.</summary>
    private Task ChangeAsync(Func<NpgsqlConnection, Task<AuditEntry?>> change, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await AdministratorStore.LockAsync(connection, cancellationToken);
        if (await change(connection) is { } entry)
        {
            await AuditLog.AppendAsync(connection, entry, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    });
}
