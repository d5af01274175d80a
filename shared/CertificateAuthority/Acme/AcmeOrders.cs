using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Pki;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Orders with their authorizations and challenges. A database that is away is 503.</summary>
internal sealed class AcmeOrders(NpgsqlDataSource database)
{
    /// <summary>Of one account; more are refused until some are finished or end.</summary>
    public const int MostOpen = 300;

    /// <summary>Of one account that have not ended, finished or not: what it can place within their lifetime.</summary>
    public const int MostPlaced = 3000;

    /// <summary>By one call of <see cref="ForgetAsync"/>.</summary>
    public const int ForgottenAtOnce = 1000;

    private static readonly TimeSpan UnusedAccount = TimeSpan.FromDays(90);

    /// <summary>Throws 429 <c>rateLimited</c> for an account that has too many open ones.</summary>
    public Task AddAsync(AcmeOrder order, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // The account's row is the lock: orders at once count one after the other.
        await using var count = new NpgsqlCommand(
            """
            SELECT (SELECT count(*) FILTER (WHERE o.status IN ('pending', 'ready')) FROM acme.orders o WHERE o.account_id = a.id AND o.expires_at > $2) >= $3
                OR (SELECT count(*) FROM acme.orders o WHERE o.account_id = a.id AND o.expires_at > $2) >= $4
            FROM acme.accounts a WHERE a.id = $1 FOR UPDATE
            """,
            connection);
        AcmeAccounts.Add(count, order.AccountId, now, MostOpen, MostPlaced);
        switch (await count.ExecuteScalarAsync(cancellationToken))
        {
            case true:
                throw AcmeException.RateLimited($"The account has {MostOpen} open orders, or has placed {MostPlaced} within a day. Finish them, or wait until they end.", TimeSpan.FromMinutes(10));
            case null:
                throw AcmeException.Of("accountDoesNotExist", "There is no such account.", 400);
            default:
                break;
        }

        await using var batch = new NpgsqlBatch(connection);
        Add(batch, "UPDATE acme.accounts SET has_ordered = true WHERE id = $1 AND NOT has_ordered", order.AccountId);
        Add(
            batch, "INSERT INTO acme.orders (id, account_id, status, created_at, expires_at, not_before, not_after, replaces, profile) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            order.Id, order.AccountId, order.Status, now, order.Expires, Time(order.NotBefore), Time(order.NotAfter),
            Text(order.Replaces), Text(order.Profile));
        foreach (var (authorization, position) in order.Authorizations.Select((authorization, position) => (authorization, (short)position)))
        {
            Add(
                batch, "INSERT INTO acme.authorizations (id, order_id, position, type, value, wildcard, status) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                authorization.Id, order.Id, position, authorization.Identifier.Type, authorization.Identifier.Value, authorization.IsWildcard, authorization.Status);
            foreach (var (challenge, index) in authorization.Challenges.Select((challenge, index) => (challenge, (short)index)))
            {
                Add(
                    batch, "INSERT INTO acme.challenges (id, authorization_id, position, type, token, status) VALUES ($1, $2, $3, $4, $5, $6)",
                    challenge.Id, authorization.Id, index, challenge.Type, challenge.Token, challenge.Status);
            }
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    });

    /// <summary>Null: this account has no such order.</summary>
    public Task<AcmeOrder?> FindAsync(string accountId, string id, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT status, expires_at, not_before, not_after, error, serial, replaces, profile FROM acme.orders WHERE id = $1 AND account_id = $2");
        AcmeAccounts.Add(command, id, accountId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return new AcmeOrder
        {
            Id = id,
            AccountId = accountId,
            Status = reader.GetString(0),
            Expires = reader.GetFieldValue<DateTimeOffset>(1),
            NotBefore = reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2),
            NotAfter = reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3),
            Error = reader.IsDBNull(4) ? null : AcmeProblem.Parse(reader.GetString(4)),
            Serial = reader.IsDBNull(5) ? null : reader.GetFieldValue<byte[]>(5),
            Replaces = reader.IsDBNull(6) ? null : reader.GetString(6),
            Profile = reader.IsDBNull(7) ? null : reader.GetString(7),
            Authorizations = await AuthorizationsAsync("a.order_id = $2", accountId, id, cancellationToken),
        };
    });

    /// <summary>Null: this account has no such authorization.</summary>
    public Task<AcmeAuthorization?> FindAuthorizationAsync(string accountId, string id, CancellationToken cancellationToken) =>
        Outage.GuardAsync(async () => (await AuthorizationsAsync("a.id = $2", accountId, id, cancellationToken)).SingleOrDefault());

    /// <summary>The newest orders of an account that are not over.</summary>
    public Task<IReadOnlyList<string>> ListAsync(string accountId, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync<IReadOnlyList<string>>(async () =>
    {
        await using var command = database.CreateCommand(
            "SELECT id FROM acme.orders WHERE account_id = $1 AND (status = 'valid' OR (status IN ('pending', 'ready') AND expires_at > $2)) ORDER BY created_at DESC LIMIT 100");
        AcmeAccounts.Add(command, accountId, now);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    });

    /// <summary>The order ends with it (RFC 8555 7.5.2).</summary>
    public Task DeactivateAsync(string authorizationId, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            WITH ended AS (UPDATE acme.authorizations SET status = 'deactivated' WHERE id = $1 AND status IN ('pending', 'valid') RETURNING order_id)
            UPDATE acme.orders SET status = 'invalid' WHERE id IN (SELECT order_id FROM ended) AND status IN ('pending', 'ready')
            """);
        AcmeAccounts.Add(command, authorizationId);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    /// <summary>False: it was not ready any more.</summary>
    public Task<bool> FinishAsync(string id, IssuedCertificate certificate, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("UPDATE acme.orders SET status = 'valid', serial = $2, certificate_until = $3 WHERE id = $1 AND status IN ('ready', 'valid')");
        AcmeAccounts.Add(command, id, certificate.SerialNumber, certificate.NotAfter.ToUniversalTime());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    });

    /// <summary>Whether the account got that certificate, or would have if its order had been finished.</summary>
    public Task<bool> HasAsync(string accountId, byte[] serial, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand($"""
            SELECT EXISTS (SELECT FROM acme.orders WHERE serial = $1 AND account_id = $2)
                OR EXISTS (SELECT FROM acme.orders o WHERE o.account_id = $2 AND (SELECT c.idempotency_key FROM ca.certificates c WHERE c.serial = $1) = '{Profiles.Leaf.Name}/{KeyOf("")}' || o.id)
            """);
        AcmeAccounts.Add(command, serial, accountId);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    });

    /// <summary>Whether a finished order has replaced the certificate of that unique identifier.</summary>
    public Task<bool> IsReplacedAsync(string certificateId, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT FROM acme.orders WHERE replaces = $1 AND status = 'valid')");
        AcmeAccounts.Add(command, certificateId);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    });

    /// <summary>By which an order is signed for once.</summary>
    public static string KeyOf(string orderId) => "acme/" + orderId;

    /// <summary>Forgets some of what is over: orders whose time and certificate's time have passed, and accounts that never ordered anything. How many orders.</summary>
    public Task<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var accounts = database.CreateCommand("DELETE FROM acme.accounts WHERE created_at < $1 AND NOT has_ordered AND status = 'valid' AND external_account_key IS NULL");
        AcmeAccounts.Add(accounts, before - UnusedAccount);
        await accounts.ExecuteNonQueryAsync(cancellationToken);
        await using var command = database.CreateCommand(
            "DELETE FROM acme.orders WHERE id IN (SELECT id FROM acme.orders WHERE expires_at < $1 AND (certificate_until IS NULL OR certificate_until < $1) LIMIT $2)");
        AcmeAccounts.Add(command, before, ForgottenAtOnce);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    });

    private async Task<IReadOnlyList<AcmeAuthorization>> AuthorizationsAsync(string condition, string accountId, string id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT a.id, a.type, a.value, a.wildcard, a.status, o.expires_at, c.id, c.type, c.token, c.status, c.validated_at, c.error, a.attested_key
            FROM acme.authorizations a JOIN acme.orders o ON o.id = a.order_id JOIN acme.challenges c ON c.authorization_id = a.id
            WHERE o.account_id = $1 AND {condition} ORDER BY a.position, c.position
            """);
        AcmeAccounts.Add(command, accountId, id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(AcmeAuthorization Authorization, List<AcmeChallenge> Challenges)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (found.Count == 0 || found[^1].Authorization.Id != reader.GetString(0))
            {
                found.Add((
                    new AcmeAuthorization
                    {
                        Id = reader.GetString(0),
                        AccountId = accountId,
                        Identifier = new AcmeIdentifier(reader.GetString(1), reader.GetString(2)),
                        IsWildcard = reader.GetBoolean(3),
                        Status = reader.GetString(4),
                        Expires = reader.GetFieldValue<DateTimeOffset>(5),
                        AttestedKey = reader.IsDBNull(12) ? null : reader.GetFieldValue<byte[]>(12),
                    }, []));
            }

            found[^1].Challenges.Add(new AcmeChallenge(
                reader.GetString(6), reader.GetString(7), reader.GetString(8), reader.GetString(9),
                reader.IsDBNull(10) ? null : reader.GetFieldValue<DateTimeOffset>(10), reader.IsDBNull(11) ? null : AcmeProblem.Parse(reader.GetString(11))));
        }

        return [.. found.Select(one => one.Authorization with { Challenges = one.Challenges })];
    }

    private static NpgsqlParameter Text(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Time(DateTimeOffset? time) => new() { Value = (object?)time?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach (var value in values)
        {
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(command);
    }
}
