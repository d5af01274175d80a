using System.Globalization;
using System.Text;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>A <see cref="CertificateQuery"/> as SQL: the conditions that are given, every value a parameter.</summary>
internal static class CertificateSearch
{
    public static void Build(NpgsqlCommand command, CertificateQuery query, int limit)
    {
        var sql = new StringBuilder(CertificateRow.Select).Append(" WHERE true");
        if (!string.IsNullOrEmpty(query.Text))
        {
            var text = Parameter(query.Text);
            // position() instead of LIKE: the text is no pattern.
            sql.Append(CultureInfo.InvariantCulture, $" AND (position(lower({text}) in lower(c.subject)) > 0 OR EXISTS (SELECT FROM unnest(c.sans) s WHERE position(lower({text}) in lower(s)) > 0)");
            if (SerialNumber.TryParse(query.Text, out var serial))
            {
                sql.Append(CultureInfo.InvariantCulture, $" OR c.serial = {Parameter(serial)}");
            }

            sql.Append(')');
        }

        Where(query.Profile, "c.profile =");
        Where(query.Subject, "c.subject =");
        Where(query.Tenant, "c.tenant =");
        Where(query.Issuer, "c.issuer =");
        Where(query.Provisioner, "c.provisioner =");
        Where(query.ExpiringBefore?.ToUniversalTime(), "c.not_after <");
        Where(query.ExpiringAfter?.ToUniversalTime(), "c.not_after >=");
        Where(query.Cursor, "c.id <");
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

        sql.Append(CultureInfo.InvariantCulture, $" ORDER BY c.id DESC LIMIT {limit}");
        command.CommandText = sql.ToString();

        void Where(object? value, string condition)
        {
            if (value is not null)
            {
                sql.Append(CultureInfo.InvariantCulture, $" AND {condition} {Parameter(value)}");
            }
        }

        string Parameter(object value)
        {
            command.Parameters.AddWithValue(value);
            return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
        }
    }
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
