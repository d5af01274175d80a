using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Events;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Bridge;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.SubCa;

/// <summary>
/// Whether the provider accepts this tenant, polled every 15 seconds over one mTLS connection with the bridge certificate. A suspension is
/// shown to the operator; while the Sub-CA in use is revoked nothing is issued, because its certificates are invalid. While the provider is
/// unreachable the last answer holds.
/// </summary>
internal sealed partial class ProviderStatus(
    JoinFiles files, ProviderLink provider, RevokedSubCaRefresh revokedSubCas, SubCaReplacement replacement, Authority authority, IDbContextFactory<TenantDbContext> databases, JoinedTenant tenant, TimeProvider time,
    ILogger<ProviderStatus> log) : BackgroundService
{
    private const string SubCaRevoked = "sub_ca_revoked";
    private const string SubCaKeyRevoked = "sub_ca_key_revoked";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(5);
    private readonly BridgeConnection _bridge = new(files, provider);
    private string? _failure;

    /// <summary>Before the first request: what was known when this stack ended.</summary>
    public static async Task RestoreAsync(IDbContextFactory<TenantDbContext> databases, Authority authority, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        Apply(authority, (await db.Identity.AsNoTracking().SingleOrDefaultAsync(cancellationToken))?.RefusedCode);
    }

    public override void Dispose()
    {
        _bridge.Dispose();
        base.Dispose();
    }

    public async Task AskOnceAsync(CancellationToken cancellationToken)
    {
        var refusal = await AskAsync(cancellationToken);
        if (!await RecordAsync(refusal?.Code, refusal?.Message, cancellationToken))
        {
            return;
        }

        Apply(authority, refusal?.Code);
        if (refusal is null)
        {
            TakenAgain();
        }
        else
        {
            Refused(refusal.Code, refusal.Message.TrimEnd('.'), Advice(refusal.Code));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await AskOnceAsync(stoppingToken);
                _failure = null;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once per kind: what waits for an absent provider says so itself.
                if (_failure != (_failure = e.GetType().Name))
                {
                    NotAsked(e.Message);
                }
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Null: the provider takes this tenant. An outage is thrown, and changes nothing.</summary>
    private async Task<Refusal?> AskAsync(CancellationToken cancellationToken)
    {
        Refusal? refusal = null;
        PlatformView? platform = null;
        try
        {
            platform = await _bridge.Open().GetPlatformAsync(cancellationToken);
            await replacement.FollowIntermediateAsync(platform, _bridge.Open(), cancellationToken);
        }
        catch (ApiException e) when (platform is not null && e.Code == SubCaKeyRevoked)
        {
            // The Intermediate CA was replaced and the Sub-CA revoked: the list that says so is signed by one that is known here only with the next Sub-CA.
            return await RekeyAsync(cancellationToken);
        }
        catch (ApiException e) when (e.Status is 401 or 403)
        {
            refusal = new Refusal(e.Code, e.Message);
        }

        // To the provider a tenant that rotated has another valid Sub-CA: which one is in use is known here alone.
        if (refusal?.Code == SubCaRevoked || !await revokedSubCas.ListsThisTenantAsync(askProvider: refusal is not null || platform?.RevokedSubCas > revokedSubCas.KnownNumber, cancellationToken))
        {
            return refusal;
        }

        return platform is not null ? await RekeyAsync(cancellationToken) : Revoked();
    }

    private async Task<Refusal?> RekeyAsync(CancellationToken cancellationToken) => await replacement.TryRekeyAsync(_bridge.Open(), cancellationToken) ? null : Revoked();

    private static Refusal Revoked() => new(SubCaRevoked, "The Sub-CA in use is revoked.");

    /// <summary>False: it was known.</summary>
    private async Task<bool> RecordAsync(string? code, string? detail, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        DateTimeOffset? refusedAt = code is null ? null : time.GetUtcNow();
        var changed = await db.Identity.Where(i => i.RefusedCode != code || i.RefusedDetail != detail).ExecuteUpdateAsync(
            s => s.SetProperty(i => i.RefusedCode, code).SetProperty(i => i.RefusedDetail, detail).SetProperty(i => i.RefusedAt, refusedAt), cancellationToken);
        if (changed == 0)
        {
            return false;
        }

        await db.AppendAuditAsync(new AuditEntry("system", code is null ? "provider.accepts" : "provider.refuses", tenant.TenantId, AuditDetails.Of(("code", code), ("detail", detail))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static void Apply(Authority authority, string? code) => authority.RefuseOrders(code == SubCaRevoked
        ? static () => new ProblemException(503, SubCaRevoked, "The provider has revoked this tenant's Sub-CA: no certificate of it would be good, so none is issued.", AskAgain)
        : null);

    private static string Advice(string code) => code switch
    {
        SubCaRevoked => "No certificate is issued. The way back: the provider's administrator removes this tenant and prepares it again, and it joins with an empty data folder",
        "tenant_suspended" => "Devices go on as before. Ask the provider's administrator why",
        "certificate_revoked" => "The bridge certificate was revoked, or the tenant removed. Ask the provider's administrator; the way back is a new JOIN key (iot tenants replace-key there), with which this tenant is started on the same data folder; devices and data stay",
        _ => "Ask the provider's administrator",
    };

    private sealed record Refusal(string Code, string Message);

    [LoggerMessage(Level = LogLevel.Error, Message = "The provider refuses this tenant ({Code}): {Detail}. {Advice}")]
    private partial void Refused(string code, string detail, string advice);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider can't be asked whether it takes this tenant: {Reason}")]
    private partial void NotAsked(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The provider takes this tenant again")]
    private partial void TakenAgain();
}
