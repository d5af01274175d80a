using System.Globalization;
using System.Text;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>A <see cref="CertificateQuery"/> as SQL: the conditions that are given, every value a parameter.</summary>
internal static class CertificateSearch
{
    /// <summary>Whether it would look at every certificate, or every one of a kind, to find a few: no index finds a part of a name.</summary>
    public static bool ReadsAll(CertificateQuery query) => query is { Text.Length: > 0, Subject: null, Endpoint: null, Name: null or "" };

    /// <param name="command">Gets the statement and its parameters.</param>
    /// <param name="query">What is asked for.</param>
    /// <param name="limit">Rows, at most.</param>
    /// <param name="serial">Instead of the text: of the certificate that it names. Beside the text, the text's search would read every row for it.</param>
    /// <param name="last">Id of the last one that is looked through.</param>
    public static void Build(NpgsqlCommand command, CertificateQuery query, int limit, byte[]? serial = null, long? last = null)
    {
        var sql = new StringBuilder(CertificateRow.Select).Append(" WHERE true");
        Walk(command, sql, query);
        Bounds(command, sql, query);
        Where(command, sql, query.Subject, "c.subject =");
        if (last is { } until)
        {
            sql.Append(" AND ").AppendFormat(CultureInfo.InvariantCulture, UpTo(query.Order), Parameter(until));
        }

        if (serial is not null)
        {
            Where(command, sql, serial, "c.serial =");
        }
        else if (!string.IsNullOrEmpty(query.Text))
        {
            // position() instead of LIKE: the text is no pattern. No name has a line break.
            sql.Append(CultureInfo.InvariantCulture, $" AND position(lower({Parameter(query.Text)}) in lower(c.subject || E'\n' || array_to_string(c.sans, E'\n'))) > 0");
        }

        if (query.Endpoint is { } endpoint)
        {
            sql.Append(CultureInfo.InvariantCulture, $" AND c.serial IN (SELECT m.serial FROM ca.endpoint_certificates m WHERE m.endpoint = {Parameter(endpoint)})");
        }

        if (!string.IsNullOrEmpty(query.Name))
        {
            // Those of authorities are of no endpoint; their subject is their name.
            var name = Parameter(query.Name);
            sql.Append(CultureInfo.InvariantCulture, $"""
                 AND c.serial IN (
                  SELECT m.serial FROM ca.endpoint_names n JOIN ca.endpoint_certificates m ON m.endpoint = n.endpoint WHERE n.name = lower({name})
                  UNION ALL SELECT s.serial FROM ca.certificates s WHERE s.subject = {name})
                """);
        }

        if (query.OnHold is { } onHold)
        {
            sql.Append(onHold ? " AND r.reason_code = 6" : " AND r.reason_code IS DISTINCT FROM 6");
        }

        if (query.Revoked is { } revoked)
        {
            sql.Append(revoked ? " AND r.serial IS NOT NULL" : " AND r.serial IS NULL");
        }

        sql.Append(CultureInfo.InvariantCulture, $" ORDER BY {Order(query.Order)} LIMIT {limit}");
        command.CommandText = sql.ToString();

        string Parameter(object value) => Add(command, value);
    }

    /// <summary>The id of the last of so many that a search goes through, in its order and by its indexes, whatever else it asks of them.</summary>
    public static void BuildLast(NpgsqlCommand command, CertificateQuery query, int looks)
    {
        var sql = new StringBuilder("SELECT c.id FROM ca.certificates c WHERE true");
        Walk(command, sql, query);
        if (query.Order != CertificateOrder.Newest)
        {
            Bounds(command, sql, query);
        }

        sql.Append(CultureInfo.InvariantCulture, $" ORDER BY {Order(query.Order)} OFFSET {Add(command, looks - 1)} LIMIT 1");
        command.CommandText = sql.ToString();
    }

    /// <summary>From where on, and of what kind: what an index has in the order asked for.</summary>
    private static void Walk(NpgsqlCommand command, StringBuilder sql, CertificateQuery query)
    {
        Where(command, sql, query.Profile, "c.profile =");
        Where(command, sql, query.Tenant, "c.tenant =");
        Where(command, sql, query.Issuer, "c.issuer =");
        Where(command, sql, query.Provisioner, "c.provisioner =");
        if (query.Cursor is { } cursor)
        {
            sql.Append(" AND ").AppendFormat(CultureInfo.InvariantCulture, After(query.Order), Add(command, cursor));
        }
    }

    private static void Bounds(NpgsqlCommand command, StringBuilder sql, CertificateQuery query)
    {
        Where(command, sql, query.ExpiringBefore?.ToUniversalTime(), "c.not_after <");
        Where(command, sql, query.ExpiringAfter?.ToUniversalTime(), "c.not_after >=");
    }

    private static void Where(NpgsqlCommand command, StringBuilder sql, object? value, string condition)
    {
        if (value is not null)
        {
            sql.Append(CultureInfo.InvariantCulture, $" AND {condition} {Add(command, value)}");
        }
    }

    private static string Add(NpgsqlCommand command, object value)
    {
        command.Parameters.AddWithValue(value);
        return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
    }

    private static string Order(CertificateOrder order) => order switch
    {
        CertificateOrder.SoonestEnd => "c.not_after, c.id",
        CertificateOrder.LatestEnd => "c.not_after DESC, c.id DESC",
        _ => "c.id DESC",
    };

    /// <summary>The cursor is an id in each order. What follows one that was forgotten meanwhile is nothing: the caller begins again.</summary>
    private static string After(CertificateOrder order) => order switch
    {
        CertificateOrder.SoonestEnd => $"(c.not_after, c.id) > {EndOf}",
        CertificateOrder.LatestEnd => $"(c.not_after, c.id) < {EndOf}",
        _ => "c.id < {0}",
    };

    private static string UpTo(CertificateOrder order) => order switch
    {
        CertificateOrder.SoonestEnd => $"(c.not_after, c.id) <= {EndOf}",
        CertificateOrder.LatestEnd => $"(c.not_after, c.id) >= {EndOf}",
        _ => "c.id >= {0}",
    };

    private const string EndOf = "(SELECT x.not_after, x.id FROM ca.certificates x WHERE x.id = {0})";
}

internal static class CertificateRow
{
    public const string Select = """
        SELECT c.id, c.serial, c.subject, c.sans, c.issuer, c.profile, c.provisioner, c.requester, c.tenant, c.not_before, c.not_after,
          c.issued_at, c.der, r.revoked_at, r.reason_code, r.reason, c.lineage
        FROM ca.certificates c LEFT JOIN ca.revocations r ON r.serial = c.serial
        """;

    public static CertificateRecord Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0),
        SerialNumber = row.GetFieldValue<byte[]>(1),
        Subject = row.GetString(2),
        Sans = row.GetFieldValue<string[]>(3),
        Issuer = row.GetString(4),
        Profile = row.GetString(5),
        Provisioner = row.GetString(6),
        Requester = row.GetString(7),
        Tenant = row.IsDBNull(8) ? null : row.GetString(8),
        NotBefore = row.GetFieldValue<DateTimeOffset>(9),
        NotAfter = row.GetFieldValue<DateTimeOffset>(10),
        IssuedAt = row.GetFieldValue<DateTimeOffset>(11),
        Der = row.GetFieldValue<byte[]>(12),
        RevokedAt = row.IsDBNull(13) ? null : row.GetFieldValue<DateTimeOffset>(13),
        ReasonCode = row.IsDBNull(14) ? null : (RevocationReason)row.GetInt16(14),
        Reason = row.IsDBNull(15) ? null : row.GetString(15),
        Lineage = row.IsDBNull(16) ? null : row.GetString(16),
    };
}
