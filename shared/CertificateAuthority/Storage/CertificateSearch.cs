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
        Where(query.ExpiringBefore?.ToUniversalTime(), "c.not_after <");
        Where(query.ExpiringAfter?.ToUniversalTime(), "c.not_after >=");
        Where(query.Cursor, "c.id <");
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
