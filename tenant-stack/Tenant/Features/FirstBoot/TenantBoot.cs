using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Federation;
using IoTPlatform.Tenant.Features.FirstBoot.Checks;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>The list of first boot's checks, in order.</summary>
internal static class TenantBoot
{
    /// <summary>Returns once every check holds: who this tenant is, and the issuers it signs with.</summary>
    public static async Task<(JoinedTenant Tenant, IssuerSet Issuers)> RunAsync(
        TenantOptions options, DataFolder folder, CertificateAuthority.SubCa subCa, IDbContextFactory<TenantDbContext> databases,
        IFirstBootProgress progress, TimeProvider time, CancellationToken cancellationToken)
    {
        var files = new JoinFiles(folder);
        var provider = new ProviderLink(options, files, time);
        using var opened = new SubCaAtBoot(subCa);
        var checks = Checks(options, files, provider, opened, new WireGuardServerKey(folder), new IdentityStore(databases), time);
        await new FirstBootReconciler([.. checks, new TenantRealmCheck(options, files, new RealmMarker(folder), new RealmSecrets(databases, IdentityServices.Protection(folder), time))], progress, time).RunAsync(cancellationToken);
        var bundle = files.ReadBundle()!;
        return (new JoinedTenant(bundle.TenantId, bundle.PlatformDomain), opened.Issuers);
    }

    public static IReadOnlyList<IFirstBootCheck> Checks(
        TenantOptions options, JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, WireGuardServerKey wireGuard, IdentityStore identity, TimeProvider time)
    {
        var requests = new JoinRequestFactory(options, files, subCa, wireGuard);
        var join = new JoinCall(options, provider, requests, subCa, time);
        var rules = new BundleRules(options, provider, subCa, time);
        return
        [
            new TrustedRootCheck(options, files, provider, subCa),
            new SubCaKeyCheck(subCa),
            new NewJoinKeyCheck(options, files, provider, subCa, identity, requests, rules, time),
            new BridgeKeyCheck(files),
            new WireGuardKeyCheck(wireGuard),
            new JoinedCheck(options, files, subCa, identity, join, rules),
            new DatabaseOwnerCheck(files, provider, identity),
            new SubCaCertificateCheck(files, provider, subCa, time),
            new BridgeCertificateCheck(files, provider, time),
            new BundleFilesCheck(new BundleFiles(files, () => InstalledSubCa.From(subCa.Issuers))),
            new ConfirmedCheck(files, provider, subCa, identity, time),
        ];
    }
}
