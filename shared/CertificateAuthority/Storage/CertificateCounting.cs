using System.Globalization;
using System.Text;
using IoTPlatform.Contracts.Certificates;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>Counts the certificates of a <see cref="CertificateSelection"/> that are in date, and names whose they are.</summary>
internal static class CertificateCounting
{
    /// <summary>A profile may be all there is.</summary>
    private const int TimeoutSeconds = 60;
    private const int MostSubjects = 100;

    public static async Task<CertificateCensus> CountAsync(NpgsqlDataSource database, CertificateSelection selection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        List<EmergencyCount> profiles = [];
        DateTimeOffset? last = null, revoked = null;
        await using (var command = Command(connection, selection, now, chosen => $"""
            SELECT c.profile, count(*) FILTER (WHERE r.reason_code IS NULL OR r.reason_code = 6)::int, count(*) FILTER (WHERE r.reason_code <> 6)::int, max(c.not_after),
              max(r.revoked_at) FILTER (WHERE r.reason_code <> 6)
            FROM ca.certificates c LEFT JOIN ca.revocations r ON r.serial = c.serial WHERE {chosen} GROUP BY c.profile ORDER BY c.profile
            """))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                profiles.Add(new EmergencyCount { Profile = reader.GetString(0), Certificates = reader.GetInt32(1), Revoked = reader.GetInt32(2) });
                last = Later(last, reader.GetFieldValue<DateTimeOffset>(3));
                revoked = reader.IsDBNull(4) ? revoked : Later(revoked, reader.GetFieldValue<DateTimeOffset>(4));
            }
        }

        List<string> subjects = [];
        var subjectCount = 0;
        await using (var command = Command(connection, selection, now, chosen =>
            $"SELECT s.subject, count(*) OVER ()::int FROM (SELECT DISTINCT c.subject FROM ca.certificates c WHERE {chosen}) s ORDER BY s.subject LIMIT {MostSubjects}"))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                subjects.Add(reader.GetString(0));
                subjectCount = reader.GetInt32(1);
            }
        }

        return new CertificateCensus(profiles, subjects, subjectCount, last, revoked);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, CertificateSelection selection, DateTimeOffset now, Func<string, string> sql)
    {
        var command = new NpgsqlCommand { Connection = connection, CommandTimeout = TimeoutSeconds };
        command.CommandText = sql(Conditions(command, selection, now));
        return command;
    }

    private static string Conditions(NpgsqlCommand command, CertificateSelection selection, DateTimeOffset now)
    {
        var sql = new StringBuilder();
        Where("c.not_after > {0}", now);
        Where("c.public_key_sha256 = ANY ({0})", selection.PublicKeysSha256?.ToArray());
        Where("c.profile = {0}", selection.Profile);
        Where("c.tenant = {0}", selection.Tenant);
        Where("c.subject = ANY ({0})", selection.Subjects?.ToArray());
        // Who answers for its revocations is no certificate of its that anybody uses.
        Where("c.issuer_key_id = {0} AND c.profile <> 'ocsp-responder'", selection.IssuerKeyId);
        return sql.ToString();

        void Where(string condition, object? value)
        {
            if (value is not null)
            {
                command.Parameters.AddWithValue(value);
                sql.Append(sql.Length == 0 ? "" : " AND ").AppendFormat(CultureInfo.InvariantCulture, condition, string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}"));
            }
        }
    }

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;
}
