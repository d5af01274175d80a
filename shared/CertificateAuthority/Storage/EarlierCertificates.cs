using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What was issued before this start, read before there is an <see cref="Authority"/>. The migrations must have been applied.</summary>
public static class EarlierCertificates
{
    /// <summary>Whether any was issued for a tenant.</summary>
    public static Task<bool> HaveTenantsAsync(NpgsqlDataSource database, CancellationToken cancellationToken) => new CertificateStore(database).HasTenantsAsync(cancellationToken);

    /// <summary>The Sub-CAs that verifiers accept now, newest first.</summary>
    public static async Task<IReadOnlyList<SubCaRecord>> LiveSubCasAsync(NpgsqlDataSource database, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var store = new CertificateStore(database);
        var found = new List<SubCaRecord>();
        long? cursor = null;
        do
        {
            var page = await store.ListAsync(
                new CertificateQuery { Profile = Profiles.TenantSubCa.Name, Revoked = false, ExpiringAfter = now, Cursor = cursor, Limit = CertificateQuery.MaxLimit },
                cancellationToken);
            found.AddRange(page.Items.Select(row => new SubCaRecord(row.Tenant ?? row.Subject, row.Serial, row.NotAfter, ParsedCertificate.Parse(row.Der).NameConstraints)));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return found;
    }
}

/// <summary>A Sub-CA certificate that is neither expired nor revoked.</summary>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Serial">Decimal.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="Constraints">Null: it has none.</param>
public sealed record SubCaRecord(string Tenant, string Serial, DateTimeOffset NotAfter, NameConstraints? Constraints);
