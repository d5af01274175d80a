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

    private const string Columns = "a.id, a.type, a.value, a.wildcard, a.status, o.expires_at, c.id, c.type, c.token, c.status, c.validated_at, c.error, a.attested_key, a.claims";
    private const string Joined = "acme.orders o JOIN acme.authorizations a ON a.order_id = o.id JOIN acme.challenges c ON c.authorization_id = a.id";

    private static readonly TimeSpan UnusedAccount = TimeSpan.FromDays(90);

    /// <summary>Throws 429 <c>rateLimited</c> for an account that has too many open ones.</summary>
    public Task AddAsync(AcmeOrder order, DateTimeOffset now, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT acme.place_order($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)");
        AcmeAccounts.Add(command, now, order.AccountId, MostOpen, MostPlaced, order.Id, order.Expires);
        command.Parameters.Add(Time(order.NotBefore));
        command.Parameters.Add(Time(order.NotAfter));
        command.Parameters.Add(Text(order.Replaces));
        command.Parameters.Add(Text(order.Profile));
        var authorizations = order.Authorizations;
        var challenges = authorizations.SelectMany((authorization, index) => authorization.Challenges.Select(challenge => (Of: index + 1, challenge.Id, challenge.Type, challenge.Token))).ToList();
        AcmeAccounts.Add(
            command,
            authorizations.Select(authorization => authorization.Id).ToArray(), authorizations.Select(authorization => authorization.Identifier.Type).ToArray(),
            authorizations.Select(authorization => authorization.Identifier.Value).ToArray(), authorizations.Select(authorization => authorization.IsWildcard).ToArray(),
            challenges.Select(challenge => challenge.Id).ToArray(), challenges.Select(challenge => challenge.Of).ToArray(),
            challenges.Select(challenge => challenge.Type).ToArray(), challenges.Select(challenge => challenge.Token).ToArray());
        return await command.ExecuteScalarAsync(cancellationToken) switch
        {
            "too_many" => throw AcmeException.RateLimited($"The account has {MostOpen} open orders, or has placed {MostPlaced} within a day. Finish them, or wait until they end.", TimeSpan.FromMinutes(10)),
            "no_account" => throw AcmeException.Of("accountDoesNotExist", "There is no such account.", 400),
            _ => true,
        };
    });

    public static AcmeLookup<AcmeOrder> ById(string id) => new(
        $"SELECT {Columns}, o.status, o.not_before, o.not_after, o.error, o.serial, o.replaces, o.profile, o.id FROM {Joined} WHERE o.account_id = $1 AND o.id = $2 ORDER BY a.position, c.position",
        id, ReadOrderAsync);

    public static AcmeLookup<AcmeAuthorization> AuthorizationById(string id) =>
        new($"SELECT {Columns} FROM {Joined} WHERE o.account_id = $1 AND a.id = $2 ORDER BY c.position", id, ReadAuthorizationAsync);

    /// <summary>Of an order.</summary>
    public static AcmeLookup<AcmeCertificate> CertificateById(string id) =>
        new("SELECT c.der FROM acme.orders o LEFT JOIN ca.certificates c ON c.serial = o.serial WHERE o.account_id = $1 AND o.id = $2", id, ReadCertificateAsync);

    private static async Task<AcmeCertificate?> ReadCertificateAsync(NpgsqlDataReader reader, string accountId, CancellationToken cancellationToken) =>
        await reader.ReadAsync(cancellationToken) ? new AcmeCertificate(reader.IsDBNull(0) ? null : reader.GetFieldValue<byte[]>(0)) : null;

    private static async Task<AcmeOrder?> ReadOrderAsync(NpgsqlDataReader reader, string accountId, CancellationToken cancellationToken)
    {
        AcmeOrder? order = null;
        var found = new FoundAuthorizations(accountId);
        while (await reader.ReadAsync(cancellationToken))
        {
            order ??= new AcmeOrder
            {
                Id = reader.GetString(21),
                AccountId = accountId,
                Expires = reader.GetFieldValue<DateTimeOffset>(5),
                Status = reader.GetString(14),
                NotBefore = reader.IsDBNull(15) ? null : reader.GetFieldValue<DateTimeOffset>(15),
                NotAfter = reader.IsDBNull(16) ? null : reader.GetFieldValue<DateTimeOffset>(16),
                Error = reader.IsDBNull(17) ? null : AcmeProblem.Parse(reader.GetString(17)),
                Serial = reader.IsDBNull(18) ? null : reader.GetFieldValue<byte[]>(18),
                Replaces = reader.IsDBNull(19) ? null : reader.GetString(19),
                Profile = reader.IsDBNull(20) ? null : reader.GetString(20),
                Authorizations = [],
            };
            found.Add(reader);
        }

        return order is null ? null : order with { Authorizations = found.All };
    }

    /// <summary>Null: this account has no such authorization.</summary>
    public Task<AcmeAuthorization?> FindAuthorizationAsync(string accountId, string id, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        var lookup = AuthorizationById(id);
        await using var command = database.CreateCommand(lookup.Sql);
        AcmeAccounts.Add(command, accountId, lookup.Id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await lookup.ReadAsync(reader, accountId, cancellationToken);
    });

    private static async Task<AcmeAuthorization?> ReadAuthorizationAsync(NpgsqlDataReader reader, string accountId, CancellationToken cancellationToken)
    {
        var found = new FoundAuthorizations(accountId);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader);
        }

        return found.All.SingleOrDefault();
    }

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

    private static NpgsqlParameter Text(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Time(DateTimeOffset? time) => new() { Value = (object?)time?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    /// <summary>Of rows with <see cref="Columns"/>, in their order.</summary>
    private sealed class FoundAuthorizations(string accountId)
    {
        private readonly List<(AcmeAuthorization Authorization, List<AcmeChallenge> Challenges)> _found = [];

        public IReadOnlyList<AcmeAuthorization> All => [.. _found.Select(one => one.Authorization with { Challenges = one.Challenges })];

        public void Add(NpgsqlDataReader reader)
        {
            if (_found.Count == 0 || _found[^1].Authorization.Id != reader.GetString(0))
            {
                _found.Add((
                    new AcmeAuthorization
                    {
                        Id = reader.GetString(0),
                        AccountId = accountId,
                        Identifier = new AcmeIdentifier(reader.GetString(1), reader.GetString(2)),
                        IsWildcard = reader.GetBoolean(3),
                        Status = reader.GetString(4),
                        Expires = reader.GetFieldValue<DateTimeOffset>(5),
                        AttestedKey = reader.IsDBNull(12) ? null : reader.GetFieldValue<byte[]>(12),
                        Claims = reader.IsDBNull(13) ? null : reader.GetString(13),
                    }, []));
            }

            _found[^1].Challenges.Add(new AcmeChallenge(
                reader.GetString(6), reader.GetString(7), reader.GetString(8), reader.GetString(9),
                reader.IsDBNull(10) ? null : reader.GetFieldValue<DateTimeOffset>(10), reader.IsDBNull(11) ? null : AcmeProblem.Parse(reader.GetString(11))));
        }
    }
}
