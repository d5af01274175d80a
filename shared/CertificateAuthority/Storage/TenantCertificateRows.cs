using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>Reads the certificates of tenants in the caller's transaction.</summary>
internal static class TenantCertificateRows
{
    /// <summary>Few certificates of a subject are another tenant's.</summary>
    private const string History = """
        WITH subjects AS (SELECT DISTINCT subject FROM ca.certificates WHERE tenant = $1)
        SELECT e.sequence, e.at, e.actor, e.action, e.subject, e.details, e.hash
        FROM subjects CROSS JOIN LATERAL (
          SELECT * FROM audit.entries e
          WHERE e.subject = subjects.subject AND e.sequence < $2 AND e.action = ANY ($3)
            AND (SELECT c.tenant FROM ca.certificates c WHERE c.serial = decode(e.details::json ->> 'serial', 'hex')) = $1
          ORDER BY e.sequence DESC LIMIT $4) e
        ORDER BY e.sequence DESC LIMIT $4
        """;

    private static readonly string[] HistoryActions = [CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateReleased.Name, CertificateExpiring.Name, CertificateSurplus.Name];

    public static async Task<IReadOnlyList<RecordedOperation>> HistoryAsync(NpgsqlConnection connection, string tenant, long before, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(History, connection)
        {
            Parameters = { new() { Value = tenant }, new() { Value = before }, new() { Value = HistoryActions }, new() { Value = limit } },
        };
        return await RecordedOperation.ReadAllAsync(command, cancellationToken);
    }

    /// <summary>Those that have not expired: an expired one is refused by its date.</summary>
    public static async Task<IReadOnlyList<RevokedSerial>> RevokedSubCasAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            SELECT c.serial, r.revoked_at FROM ca.revocations r JOIN ca.certificates c ON c.serial = r.serial
            WHERE c.profile = $1 AND c.not_after > $2 ORDER BY c.serial
            """, connection) { Parameters = { new() { Value = Profiles.TenantSubCa.Name }, new() { Value = now } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var revoked = new List<RevokedSerial>();
        while (await reader.ReadAsync(cancellationToken))
        {
            revoked.Add(new RevokedSerial(reader.GetFieldValue<byte[]>(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return revoked;
    }
}
