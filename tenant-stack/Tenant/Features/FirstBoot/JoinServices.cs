using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Tenant.Features.SubCa;
using IoTPlatform.Tenant.Features.Bridge;

namespace IoTPlatform.Tenant.Features.FirstBoot;

internal static class JoinServices
{
    /// <summary>What JOIN made, and the way to the provider.</summary>
    public static IServiceCollection AddJoin(this IServiceCollection services) => services
        .AddSingleton<JoinFiles>()
        .AddSingleton<IdentityStore>()
        .AddSingleton<ProviderLink>()
        .AddSingleton<BundleFiles>();

    /// <summary>What goes on after first boot: drift, bridge renewal, Sub-CA rotation.</summary>
    public static IServiceCollection AddUplink(this IServiceCollection services) => services
        .AddSingleton<Func<IssuerSet>>(s => () => s.GetRequiredService<Authority>().Issuers)
        .AddSingleton<SubCaRotation>()
        .AddSingleton<IMaintenanceTask, ResumeRotation>()
        .AddSingleton<RetireOldSubCas>()
        .AddSingleton<IMaintenanceTask>(s => s.GetRequiredService<RetireOldSubCas>())
        .AddSingleton<IMaintenanceTask, BundleDrift>()
        .AddSingleton<RevokedIntermediatesRefresh>()
        .AddSingleton<IMaintenanceTask>(s => s.GetRequiredService<RevokedIntermediatesRefresh>())
        .AddSingleton<IRootRevocationList, RelayedRootList>()
        .AddSingleton<RevokedSubCaFile>()
        .AddSingleton<RevokedSubCaRefresh>()
        .AddSingleton<IMaintenanceTask>(s => s.GetRequiredService<RevokedSubCaRefresh>())
        .AddSingleton<BridgeRenewal>()
        .AddSingleton<IMaintenanceTask>(s => s.GetRequiredService<BridgeRenewal>())
        .AddSingleton<SubCaReplacement>()
        .AddSingleton<IMaintenanceTask, AuditAnchoring>()
        .AddSingleton<IMaintenanceTask, FederationRefresh>()
        .AddSingleton<IMaintenanceTask, BridgeLoginRefresh>()
        .AddSingleton<MaintenanceService>()
        .AddHostedService(s => s.GetRequiredService<MaintenanceService>())
        .AddHostedService<ProviderStatus>();
}
