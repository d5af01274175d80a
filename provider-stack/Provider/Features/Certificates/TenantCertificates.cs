using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>The certificates the provider has issued to tenants. The CA's store is the only record of which there are.</summary>
internal sealed class TenantCertificates(Authority authority, TimeProvider time)
{
    /// <summary>Neither revoked nor expired, newest first.</summary>
    public async Task<IReadOnlyList<CertificateRecord>> ValidAsync(string tenantId, CertificateProfile? profile, CancellationToken cancellationToken)
    {
        var found = new List<CertificateRecord>();
        long? cursor = null;
        do
        {
            var page = await authority.ListAsync(
                new CertificateQuery
                {
                    Tenant = tenantId,
                    Profile = profile?.Name,
                    Revoked = false,
                    ExpiringAfter = time.GetUtcNow(),
                    Cursor = cursor,
                    Limit = CertificateQuery.MaxLimit,
                },
                cancellationToken);
            found.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return found;
    }
}

/// <summary>The lineage of everything that was issued for a JOIN, kept by renewals and rotations.</summary>
internal static class JoinLineage
{
    private const string Prefix = "join:";

    public static string Of(Guid joinId) => $"{Prefix}{joinId:N}";

    /// <summary>The JOIN; null: it is no JOIN's.</summary>
    public static Guid? Parse(string? lineage) =>
        lineage is not null && lineage.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(lineage.AsSpan(Prefix.Length), "N", out var joinId) ? joinId : null;
}
