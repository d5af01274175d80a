using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Configuration;

/// <summary>
/// Settings that certificates and bundles of tenants carry, kept in the database. The platform domain is part of every SPIFFE id and cannot
/// change once a certificate of a tenant has it; promised addresses may change, and the log says how joined tenants get the new ones.
/// </summary>
internal sealed partial class KeptSettings(IDbContextFactory<ProviderDb> contexts, NpgsqlDataSource database, TimeProvider time, ILogger<KeptSettings> log)
{
    /// <summary>Null: this database has never been started with. Throws <see cref="StartupException"/> where the setting contradicts what is kept.</summary>
    public async Task<string?> PlatformDomainAsync(ProviderOptions options, IReadOnlyList<SubCaRecord> subCas, CancellationToken cancellationToken)
    {
        var kept = await FindAsync(ProviderSettings.PlatformDomain, cancellationToken) ?? DomainOf(subCas);
        if (kept is null || !options.IsPlatformDomainSet || options.PlatformDomain == kept)
        {
            return kept;
        }

        if (!await HasTenantCertificatesAsync(cancellationToken))
        {
            return options.PlatformDomain;
        }

        throw new StartupException(
            $"{ProviderSettings.PlatformDomain} is \"{options.PlatformDomain}\", but the certificates of this provider's tenants were issued under \"{kept}\", and it cannot change any more. "
            + $"Set it back to \"{kept}\" or leave it out; another platform domain needs another provider.");
    }

    /// <summary>False: no start with this database has kept any yet.</summary>
    public async Task<bool> ExistAsync(CancellationToken cancellationToken) => await FindAsync(ProviderSettings.PlatformDomain, cancellationToken) is not null;

    public async Task KeepAsync(ProviderOptions options, CancellationToken cancellationToken)
    {
        await KeepAsync(ProviderSettings.PlatformDomain, options.PlatformDomain, cancellationToken);
        var joined = await HasTenantCertificatesAsync(cancellationToken);
        if (joined && await FindAsync(ProviderSettings.DiscoveryUrl, cancellationToken) is { } discovery && discovery != options.DiscoveryUrl.AbsoluteUri)
        {
            await MoveFederationAsync(cancellationToken);
        }

        foreach (var (setting, promised) in Promised(options))
        {
            if (await KeepAsync(setting, promised, cancellationToken) is not { } before || !joined)
            {
                continue;
            }

            if (setting == ProviderSettings.PublicUrl)
            {
                Renamed(setting, before, promised);
            }
            else
            {
                Moved(setting, before, promised);
            }
        }
    }

    /// <summary>Another identity provider, or another address of it: the tenants' clients have to be made there.</summary>
    private async Task MoveFederationAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // Left at the platform's own issuer by tenants that were removed while another identity provider served.
        await db.Database.ExecuteSqlAsync($"""
            DELETE FROM issuer.applications a
            WHERE starts_with(a.client_id, {FederationClient.IdOf("")}) AND NOT EXISTS (SELECT FROM provider.joins j WHERE a.client_id = {FederationClient.IdOf("")} || j.tenant_id)
            """, cancellationToken);
        await db.Tenants.Where(t => db.Joins.Any(j => j.TenantId == t.TenantId && j.ConfirmedAt != null))
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.FederationDueAt, now), cancellationToken);
    }

    private static IEnumerable<(string Setting, string Value)> Promised(ProviderOptions options) =>
    [
        (ProviderSettings.PublicUrl, options.PublicUrl.AbsoluteUri), (ProviderSettings.RabbitmqUrl, options.RabbitmqUrl.AbsoluteUri),
        (ProviderSettings.RabbitmqMqttUrl, options.RabbitmqMqttUrl.AbsoluteUri), (ProviderSettings.DiscoveryUrl, options.DiscoveryUrl.AbsoluteUri),
    ];

    /// <summary>Of a provider that joined its tenants before the domain was kept: what the Sub-CAs permit is {tenant}.{domain}.</summary>
    private static string? DomainOf(IReadOnlyList<SubCaRecord> subCas) =>
        subCas.Select(subCa => subCa.Constraints?.PermittedUriDomains.FirstOrDefault()).FirstOrDefault(domain => domain is not null) is { } trustDomain
            ? trustDomain[(trustDomain.IndexOf('.', StringComparison.Ordinal) + 1)..]
            : null;

    private async Task<string?> FindAsync(string setting, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.KeptSettings.Where(s => s.Setting == setting).Select(s => s.Value).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>The value before, where it was another one.</summary>
    private async Task<string?> KeepAsync(string setting, string value, CancellationToken cancellationToken)
    {
        var before = await FindAsync(setting, cancellationToken);
        if (before == value)
        {
            return null;
        }

        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // SQL: several processes start at once, and LINQ has no upsert.
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO provider.kept_settings (setting, value, since) VALUES ({setting}, {value}, {now}) ON CONFLICT (setting) DO UPDATE SET value = excluded.value, since = excluded.since",
            cancellationToken);
        if (before is not null)
        {
            await db.AppendAuditAsync(new AuditEntry("system", "setting.changed", setting, AuditDetails.Of(("from", before), ("to", value))), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return before;
    }

    private Task<bool> HasTenantCertificatesAsync(CancellationToken cancellationToken) => EarlierCertificates.HaveTenantsAsync(database, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Setting} was {Before} and is {Now}: tenants that have joined ask here under the old address, and where that ends need the new one from you (PROVIDER_URL)")]
    private partial void Renamed(string setting, string before, string now);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Setting} was {Before} and is {Now}: tenants that have joined get the new address when they ask next, within minutes")]
    private partial void Moved(string setting, string before, string now);
}
