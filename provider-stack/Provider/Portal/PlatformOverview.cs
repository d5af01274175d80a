using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Portal.Components;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Telemetry;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Portal;

/// <summary>What needs a person, with what to do about it.</summary>
/// <param name="IsBad">Something does not work now.</param>
public sealed record Finding(string What, string Remedy, string? Path, bool IsBad);

/// <summary>A certificate of the trust tree.</summary>
public sealed record TrustNode(string Name, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string? Serial, string? Tenant);

/// <summary>The platform at one moment.</summary>
public sealed record OverviewView
{
    public required IReadOnlyDictionary<TenantState, int> Tenants { get; init; }
    public required int BridgesUp { get; init; }
    public required IReadOnlyList<TenantSummary> Joining { get; init; }
    public required IReadOnlyList<Finding> Findings { get; init; }
    public required IReadOnlyList<ComponentHealth> Health { get; init; }

    /// <summary>The root first.</summary>
    public required IReadOnlyList<TrustNode> Authorities { get; init; }
    public required IReadOnlyList<TrustNode> SubCas { get; init; }
    public required bool HasMoreSubCas { get; init; }
}

/// <summary>Gathers the overview from where each part is true.</summary>
internal sealed class PlatformOverview(ProviderDb db, TenantDirectory directory, Authority authority, HealthHistory health, BridgeRates bridges, TimeProvider time) : IGuarded
{
    private const int MostShown = 8;
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);
    private static readonly TimeSpan Lag = TimeSpan.FromMinutes(1);

    public static string Policy => Policies.Viewer;

    public async Task<OverviewView> ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var components = await health.AskAsync(cancellationToken);
        var counts = await db.Tenants.AsNoTracking().GroupBy(t => new { t.Status, Suspended = t.SuspendedAt != null }).Select(g => new { g.Key.Status, g.Key.Suspended, Count = g.Count() }).ToListAsync(cancellationToken);
        var subCas = await authority.ListAsync(new CertificateQuery { Profile = Profiles.TenantSubCa.Name, Revoked = false, ExpiringAfter = now, Limit = MostShown }, cancellationToken);
        return new OverviewView
        {
            Tenants = counts.GroupBy(c => TenantWords.StateOf(c.Status, c.Suspended ? now : null)).ToDictionary(g => g.Key, g => g.Sum(c => c.Count)),
            BridgesUp = await db.Tenants.CountAsync(t => t.BridgeUpSince != null, cancellationToken),
            Joining = (await directory.ListAsync(new TenantSearch { State = TenantState.Joining, Limit = MostShown }, cancellationToken)).Items,
            Findings = [.. components.Where(c => !c.IsGood).Select(Down), .. await OfTenantsAsync(now, cancellationToken), .. (await bridges.BehindAsync(cancellationToken)).Select(b => Lagging(b.TenantId, b.SentUntil, now)), .. await ExpiringAsync(now, cancellationToken)],
            Health = components,
            Authorities =
            [
                .. new[] { authority.Chain.Root, authority.Issuers.Active.Certificate }.Select(c => new TrustNode(c.GetNameInfo(System.Security.Cryptography.X509Certificates.X509NameType.SimpleName, forIssuer: false), CertificateDates.NotBeforeUtc(c), CertificateDates.NotAfterUtc(c), null, null)),
            ],
            SubCas = [.. subCas.Items.Select(Node)],
            HasMoreSubCas = subCas.NextCursor is not null,
        };
    }

    private static TrustNode Node(CertificateRecord record) => new(record.Subject, record.NotBefore, record.NotAfter, record.Serial, record.Tenant);

    private static Finding Down(ComponentHealth component) => new($"{component.Name}: {component.State}", "See the log of this provider and of that service; what waits for it goes on by itself once it is back.", null, IsBad: true);

    private static Finding Lagging(string tenantId, DateTimeOffset sentUntil, DateTimeOffset now) => new(
        $"{tenantId}: its bridge is behind: it has brought what was sent until {RelativeTime.Of(sentUntil, now)}", "Its devices send more than its plan lets through, or its way here is slow: see its bridge, and its plan. Nothing is lost meanwhile.",
        ProviderPortal.TenantPath(tenantId), IsBad: false);

    private async Task<IEnumerable<Finding>> OfTenantsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var lagging = now - Lag;
        var rows = await (
            from tenant in db.Tenants.AsNoTracking()
            let key = db.JoinKeys.Where(k => k.TenantId == tenant.TenantId && k.RevokedAt == null && k.SpentAt == null).Select(k => (DateTimeOffset?)k.ExpiresAt).FirstOrDefault()
            let error = db.JoinSteps.Where(s => s.WorkflowId == tenant.WorkflowId && s.CompletedAt == null && s.Attempts > 1).Select(s => s.LastError).FirstOrDefault()
            let asks = db.Joins.Any(j => j.JoinId == tenant.WorkflowId && j.Origin == JoinOrigin.Request && j.RejectedAt == null)
                && (tenant.Status == TenantStatus.Requested || tenant.Status == TenantStatus.Prepared)
            where asks || error != null || (tenant.Status == TenantStatus.Prepared && key < now)
                || (tenant.Status != TenantStatus.Prepared && tenant.BrokerDueAt < lagging) || tenant.FederationDueAt < lagging
            orderby tenant.TenantId
            select new { tenant.TenantId, tenant.Status, Key = key, Error = error, Asks = asks, tenant.BrokerDueAt, tenant.FederationDueAt }).Take(2 * MostShown).ToListAsync(cancellationToken);
        return rows.Select(row =>
            row.Error is { } error ? new Finding($"{row.TenantId}: {(row.Status == TenantStatus.Removing ? "its removal" : "its JOIN")} hangs. {error}", "Open it: the step that hangs says what to do. It is tried again by itself.", ProviderPortal.TenantPath(row.TenantId), IsBad: true)
            : row.Asks ? new Finding($"{row.TenantId} asks to join", "Compare the fingerprint of its key with the tenant's, then approve or reject it.", ProviderPortal.TenantPath(row.TenantId), IsBad: false)
            : row.Status == TenantStatus.Prepared ? new Finding($"{row.TenantId}: its JOIN key has expired unused", "Make a new key, or remove the tenant.", ProviderPortal.TenantPath(row.TenantId), IsBad: false)
            : new Finding($"{row.TenantId}: {(row.BrokerDueAt is not null ? "the broker" : "the identity provider")} lags behind what was decided", "See whether it answers; open the tenant and repair.", ProviderPortal.TenantPath(row.TenantId), IsBad: true));
    }

    private async Task<IEnumerable<Finding>> ExpiringAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var page = await authority.ListAsync(new CertificateQuery { Profile = Profiles.TenantSubCa.Name, Revoked = false, ExpiringAfter = now, ExpiringBefore = now + Soon, Limit = MostShown }, cancellationToken);
        return page.Items.Select(record => new Finding(
            $"{record.Tenant}: its Sub-CA {SerialNumber.Short(record.Serial)} expires within 30 days", "Its operator rotates it (the page Provider of its portal, or iot tenant rotate), or it has been replaced already.", ProviderPortal.CertificatePath(record.Serial), IsBad: false));
    }
}
