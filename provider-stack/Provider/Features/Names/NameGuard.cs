using System.Globalization;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Names;

/// <summary>
/// Takes a new name only when every live Sub-CA excludes it: a tenant with an older Sub-CA could sign a server certificate for it. Names that
/// were in use before names were recorded are taken with a warning, because refusing them would make no client safer.
/// </summary>
internal sealed partial class NameGuard(IDbContextFactory<ProviderDb> contexts, TimeProvider time, ILogger<NameGuard> log)
{
    private const int MostListed = 10;

    /// <param name="options">With the names of this start.</param>
    /// <param name="subCas">All that are live.</param>
    /// <param name="isFirst">Names have never been recorded.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task EnsureAsync(ProviderOptions options, IReadOnlyList<SubCaRecord> subCas, bool isFirst, CancellationToken cancellationToken)
    {
        var served = NameRegistry.Served(options);
        var known = await KnownAsync(cancellationToken);
        var gaps = Gaps(served, subCas).ToLookup(gap => isFirst || known.Contains(gap.Name.Name));
        if (gaps[false].Any())
        {
            throw new StartupException(Refusal([.. gaps[false]]));
        }

        foreach (var gap in gaps[true])
        {
            NotExcluded(gap.Name.Name, gap.Name.Setting, gap.Tenant, gap.Serial, gap.ValidUntil);
        }

        await RecordAsync([.. served.Select(entry => entry.Name)], known, cancellationToken);
    }

    public static IEnumerable<SubCaGap> Gaps(IEnumerable<RegisteredName> names, IReadOnlyList<SubCaRecord> subCas) =>
        from name in names
        let certified = SubjectNames.FromSans(null, [name.Name])
        from subCa in subCas
        where subCa.Constraints?.Permits(certified, out _) ?? true
        select new SubCaGap(name, subCa.Tenant, subCa.Serial, subCa.NotAfter);

    private static string Refusal(IReadOnlyList<SubCaGap> gaps)
    {
        var names = gaps.GroupBy(gap => gap.Name).Select(group =>
        {
            var listed = string.Join(", ", group.Take(MostListed).Select(Describe));
            var more = group.Count() > MostListed ? $" and {group.Count() - MostListed} more" : "";
            return $"\n  {group.Key.Setting}: \"{group.Key.Name}\" is not excluded by the Sub-CA of {listed}{more}";
        });
        var reserve = string.Join(',', gaps.Select(gap => gap.Name.Name).Distinct(StringComparer.Ordinal));
        return "A new name can't be used yet, because tenants could sign server certificates for it:" + string.Concat(names)
            + $"\nPut it into {ProviderSettings.ReservedNames} instead ({ProviderSettings.ReservedNames}={reserve}) and start: Sub-CAs signed from then on exclude it. Let each of these tenants rotate its Sub-CA"
            + " (POST /portal/sub-ca/rotate at the tenant) and retire the old one, or revoke that. Then use the name.";
    }

    private static string Describe(SubCaGap gap) => string.Create(CultureInfo.InvariantCulture, $"{gap.Tenant} (serial {gap.Serial}, valid until {gap.ValidUntil.UtcDateTime:yyyy-MM-dd})");

    private async Task<HashSet<string>> KnownAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.ServedNames.Select(n => n.Name).ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
    }

    /// <summary>A name that is no longer in use is forgotten: Sub-CAs signed meanwhile need not exclude it.</summary>
    private async Task RecordAsync(string[] served, HashSet<string> known, CancellationToken cancellationToken)
    {
        if (known.SetEquals(served))
        {
            return;
        }

        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.RunAuditedAsync(async () =>
        {
            await db.ServedNames.Where(n => !served.Contains(n.Name)).ExecuteDeleteAsync(cancellationToken);
            // SQL: another process that starts with the same names is no error.
            await db.Database.ExecuteSqlAsync(
                $"INSERT INTO provider.served_names (name, since) SELECT name, {now} FROM unnest({served}) AS name ON CONFLICT DO NOTHING", cancellationToken);
            var details = AuditDetails.Of(("names", string.Join(' ', served)), ("before", string.Join(' ', known.Order(StringComparer.Ordinal))));
            return new AuditEntry("system", "names.changed", "provider", details);
        }, cancellationToken);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Name} ({Setting}) is not excluded by a Sub-CA of tenant {Tenant} (serial {Serial}, valid until {ValidUntil:u}), "
            + "which could sign a server certificate for it: let the tenant rotate its Sub-CA")]
    private partial void NotExcluded(string name, string setting, string tenant, string serial, DateTimeOffset validUntil);
}
