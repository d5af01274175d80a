using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.RevocationList;

/// <summary>The list that was signed last.</summary>
internal static class RevokedSubCaRows
{
    /// <summary>"sub-cas" in ASCII: one process signs at a time, until its transaction ends.</summary>
    private const long Lock = 0x007375622d636173;

    public static Task LockAsync(ProviderDb db, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Lock})", cancellationToken);

    public static async Task<RevokedSubCas?> FindAsync(ProviderDb db, CancellationToken cancellationToken) =>
        await db.RevokedSubCas.AsNoTracking().Select(r => r.Der).SingleOrDefaultAsync(cancellationToken) is { } der ? RevokedSubCas.Parse(der) : null;

    /// <summary>Under the lock.</summary>
    public static async Task SaveAsync(ProviderDb db, RevokedSubCas list, CancellationToken cancellationToken)
    {
        var row = await db.RevokedSubCas.SingleOrDefaultAsync(cancellationToken) ?? db.RevokedSubCas.Add(new RevokedSubCaListRow { Number = 0, Der = [] }).Entity;
        row.Number = list.Number;
        row.Der = list.Der.ToArray();
        await db.SaveChangesAsync(cancellationToken);
    }
}
