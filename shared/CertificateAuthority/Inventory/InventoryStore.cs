using System.Globalization;
using System.Text;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Inventory;

/// <summary>Endpoints, and the certificates that are forgotten after their end. Both go through the certificates in the order of issue, a batch at a time, in any process of the stack.</summary>
/// <param name="byNames">See <see cref="ByNames"/>.</param>
internal sealed class InventoryStore(NpgsqlDataSource database, Func<string[]> byNames, TimeProvider time)
{
    private const int MapBatch = 500;
    private const int PurgeBatch = 1000;

    /// <summary>Provisioners whose certificates of the same names are one endpoint.</summary>
    public static string[] ByNames(ProvisionerRegistry provisioners) => [.. provisioners.All.Where(ProvisionerLimits.IsByNames).Select(provisioner => provisioner.Name)];

    /// <summary>Puts certificates to their endpoints.</summary>
    /// <param name="again">Begins with those that may have been committed behind the last pass; false: with those issued since.</param>
    /// <param name="batches">At most.</param>
    /// <param name="cancellationToken">Ends it between batches.</param>
    public Task<InventoryPass> MapAsync(bool again, int batches, CancellationToken cancellationToken) => InBatchesAsync(
        again,
        batches,
        first =>
        {
            var command = database.CreateCommand("SELECT mapped, more FROM ca.map_endpoints($1, $2, $3, $4)");
            command.Parameters.AddWithValue(time.GetUtcNow());
            command.Parameters.AddWithValue(byNames());
            command.Parameters.AddWithValue(MapBatch);
            command.Parameters.AddWithValue(first);
            return command;
        },
        cancellationToken);

    /// <summary>Forgets certificates that ended before the moment and were not revoked.</summary>
    /// <param name="endedBefore">The moment.</param>
    /// <param name="again">Begins with the oldest; false: where the last call ended.</param>
    /// <param name="batches">At most.</param>
    /// <param name="cancellationToken">Ends it between batches.</param>
    public Task<InventoryPass> PurgeAsync(DateTimeOffset endedBefore, bool again, int batches, CancellationToken cancellationToken) => InBatchesAsync(
        again,
        batches,
        first =>
        {
            var command = database.CreateCommand("SELECT purged, more FROM ca.purge_certificates($1, $2, $3)");
            command.Parameters.AddWithValue(endedBefore.ToUniversalTime());
            command.Parameters.AddWithValue(PurgeBatch);
            command.Parameters.AddWithValue(first);
            return command;
        },
        cancellationToken);

    /// <summary>Publishes each endpoint that got a certificate since and has more good ones than that, at most once a day.</summary>
    /// <param name="most">That it may have.</param>
    /// <param name="cancellationToken">Ends it between batches.</param>
    public Task<InventoryPass> TellSurplusAsync(int most, CancellationToken cancellationToken) => InBatchesAsync(
        again: true,
        int.MaxValue,
        first =>
        {
            var command = database.CreateCommand("SELECT told, more FROM ca.tell_surplus($1, $2, $3, $4)");
            command.Parameters.AddWithValue(time.GetUtcNow());
            command.Parameters.AddWithValue(most);
            command.Parameters.AddWithValue(MapBatch);
            command.Parameters.AddWithValue(first);
            return command;
        },
        cancellationToken);

    public Task<EndpointPage> ListAsync(EndpointQuery query, CancellationToken cancellationToken) => Outage.GuardAsync(async () =>
    {
        await using var command = Command(query, query.Limit + 1);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var items = new List<EndpointSummary>();
        var cursors = new List<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            cursors.Add(reader.GetInt64(0));
            items.Add(new EndpointSummary
            {
                Id = reader.GetInt64(1),
                Subject = reader.GetString(2),
                Names = reader.GetFieldValue<string[]>(3),
                Profile = reader.GetString(4),
                Provisioner = reader.GetString(5),
                Tenant = reader.IsDBNull(6) ? null : reader.GetString(6),
                FirstIssuedAt = reader.GetFieldValue<DateTimeOffset>(7),
                LatestSerial = SerialNumber.ToDecimal(reader.GetFieldValue<byte[]>(8)),
                LatestNotAfter = reader.GetFieldValue<DateTimeOffset>(9),
                Certificates = reader.GetInt32(10),
                Active = reader.GetInt32(11),
                Expiring = reader.GetBoolean(12),
            });
        }

        return items.Count > query.Limit ? new EndpointPage(items[..query.Limit], cursors[query.Limit - 1]) : new EndpointPage(items, NextCursor: null);
    });

    /// <summary>Mostly the newest certificate answers it.</summary>
    private const string IsActive = """
        ((e.latest_not_after > $1 AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = e.latest_serial))
          OR EXISTS (SELECT FROM ca.endpoint_certificates m JOIN ca.certificates c ON c.serial = m.serial
            WHERE m.endpoint = e.id AND c.not_after > $1 AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial)))
        """;

    private const string ExpiringFrom = "ca.expiring_from(x.not_before, x.not_after, x.issued_at)";

    /// <summary>Certificates about to run out; of which none that has not ended began to more than the 30 days ago that it has at most.</summary>
    private const string IsExpiring = $"""
        {ExpiringFrom} BETWEEN (($1 - interval '30 days') AT TIME ZONE 'UTC') AND ($1 AT TIME ZONE 'UTC')
          AND x.not_after > $1 AND NOT EXISTS (SELECT FROM ca.revocations v WHERE v.serial = x.serial)
        """;

    /// <summary>The expiring are read by the index of that moment, the latest first, until a page is full; those with the newest certificates may be behind a million that were renewed.</summary>
    internal NpgsqlCommand Command(EndpointQuery query, int limit)
    {
        var command = database.CreateCommand();
        command.Parameters.AddWithValue(time.GetUtcNow());
        var expiring = query.Expiring == true;
        var sql = new StringBuilder($"""
            SELECT e.latest_id, e.id, e.subject, ARRAY(SELECT n.name FROM ca.endpoint_names n WHERE n.endpoint = e.id ORDER BY n.name), e.profile, e.provisioner, e.tenant,
              e.first_issued_at, e.latest_serial, e.latest_not_after, a.certificates, a.active, a.expiring
            FROM {(expiring ? "ca.certificates x JOIN ca.endpoints e ON e.latest_id = x.id" : "ca.endpoints e")} CROSS JOIN LATERAL (
              SELECT count(*)::int AS certificates, (count(*) FILTER (WHERE c.not_after > $1 AND r.serial IS NULL))::int AS active,
                coalesce(bool_or(c.id = e.latest_id AND c.not_after > $1 AND r.serial IS NULL AND ca.expiring_from(c.not_before, c.not_after, c.issued_at) <= $1 AT TIME ZONE 'UTC'), false) AS expiring
              FROM ca.endpoint_certificates m JOIN ca.certificates c ON c.serial = m.serial LEFT JOIN ca.revocations r ON r.serial = m.serial
              WHERE m.endpoint = e.id) a
            WHERE true
            """);
        Where(query.Name, "e.id IN (SELECT n.endpoint FROM ca.endpoint_names n WHERE n.name = lower({0}))");
        Where(query.Provisioner, "e.provisioner = {0}");
        Where(query.Profile, "e.profile = {0}");
        Where(query.Tenant, "e.tenant = {0}");
        Where(query.Cursor, expiring ? $"({ExpiringFrom}, x.id) < (SELECT {ExpiringFrom}, x.id FROM ca.certificates x WHERE x.id = {{0}})" : "e.latest_id < {0}");
        sql.Append(query.Expiring switch { true => $" AND {IsExpiring}", false => $" AND e.latest_id NOT IN (SELECT x.id FROM ca.certificates x WHERE {IsExpiring})", null => "" });
        sql.Append(query.Active switch { true => $" AND {IsActive}", false => $" AND NOT {IsActive}", null => "" });
        sql.Append(CultureInfo.InvariantCulture, $" ORDER BY {(expiring ? $"{ExpiringFrom} DESC, x.id DESC" : "e.latest_id DESC")} LIMIT {limit}");
        command.CommandText = sql.ToString();
        return command;

        void Where(object? value, string condition)
        {
            if (value is not null)
            {
                command.Parameters.AddWithValue(value);
                sql.Append(" AND ").AppendFormat(CultureInfo.InvariantCulture, condition, string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}"));
            }
        }
    }

    private static async Task<InventoryPass> InBatchesAsync(bool again, int batches, Func<bool, NpgsqlCommand> create, CancellationToken cancellationToken)
    {
        var pass = new InventoryPass(0, More: true);
        for (var batch = 0; batch < batches && pass.More; batch++)
        {
            var (done, more) = await Outage.GuardAsync(async () =>
            {
                await using var command = create(again && batch == 0);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                await reader.ReadAsync(cancellationToken);
                return (reader.GetInt32(0), reader.GetBoolean(1));
            });
            pass = new InventoryPass(pass.Certificates + done, more);
        }

        return pass;
    }
}

/// <param name="Certificates">That were put or forgotten; of endpoints that were told, one each.</param>
/// <param name="More">It did not come to the end.</param>
internal readonly record struct InventoryPass(int Certificates, bool More);
