using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.RevocationList;

/// <summary>
/// The list of revoked Sub-CAs, signed anew when a Sub-CA was revoked, when a day has passed, or by another Intermediate CA. It lasts
/// fourteen days, so that clients work without the provider for thirteen.
/// </summary>
internal sealed class RevokedSubCaList(IDbContextFactory<ProviderDb> contexts, Authority authority, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(14);
    private static readonly TimeSpan SignAnewAfter = TimeSpan.FromDays(1);
    // Public, so the database is queried at most once per interval.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _looking = new(1, 1);
    private (RevokedSubCas List, DateTimeOffset At)? _known;

    public async Task<RevokedSubCas> GetAsync(CancellationToken cancellationToken)
    {
        if (Fresh() is { } known)
        {
            return known;
        }

        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (Fresh() is { } meanwhile)
            {
                return meanwhile;
            }

            var list = await LookAsync(cancellationToken);
            _known = (list, time.GetUtcNow());
            return list;
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => _looking.Dispose();

    private RevokedSubCas? Fresh() => _known is { } known && time.GetUtcNow() - known.At < LookAgainAfter ? known.List : null;

    private async Task<RevokedSubCas> LookAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.OpenConnectionAsync(cancellationToken);
        if (await RevokedSubCaRows.FindAsync(db, cancellationToken) is { } stored && IsCurrent(stored, await authority.RevokedSubCasAsync(db.Connection(), cancellationToken), now))
        {
            return stored;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RevokedSubCaRows.LockAsync(db, cancellationToken);
        var before = await RevokedSubCaRows.FindAsync(db, cancellationToken);
        var entries = await authority.RevokedSubCasAsync(db.Connection(), cancellationToken);
        if (before is not null && IsCurrent(before, entries, now))
        {
            return before;
        }

        var list = Sign(before, entries, now);
        await RevokedSubCaRows.SaveAsync(db, list, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return list;
    }

    private bool IsCurrent(RevokedSubCas list, IReadOnlyList<RevokedSerial> entries, DateTimeOffset now) =>
        now < list.ThisUpdate + SignAnewAfter
        && list.HasExactly(entries.Select(e => e.SerialNumber))
        && list.IsSignedBy(ParsedCertificate.Parse(authority.Chain.Issuer.RawData));

    // Counted from the clock: also after a restored backup, clients see a higher number than they know.
    private RevokedSubCas Sign(RevokedSubCas? before, IReadOnlyList<RevokedSerial> entries, DateTimeOffset now) => authority.SignRevokedSubCas(new RevocationListOrder
    {
        Number = Math.Max((before?.Number ?? 0) + 1, now.ToUnixTimeSeconds()),
        ThisUpdate = now,
        NextUpdate = now + Lifetime,
        Revoked = entries,
    });
}

internal static class RevokedSubCaEndpoints
{
    public static IServiceCollection AddRevokedSubCas(this IServiceCollection services) => services.AddSingleton<RevokedSubCaList>();

    /// <summary>Anonymous: it is signed and no secret, and a client needs it before it can have a login.</summary>
    public static void MapRevokedSubCas(this IEndpointRouteBuilder app) => app.MapGet("/crl/sub-cas", GetAsync).AllowAnonymous();

    private static async Task<IResult> GetAsync(RevokedSubCaList list, CancellationToken cancellationToken) =>
        TypedResults.Bytes((await list.GetAsync(cancellationToken)).Der.ToArray(), "application/pkix-crl");
}
