using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

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
