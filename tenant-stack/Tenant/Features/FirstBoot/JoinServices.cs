using IoTPlatform.CertificateAuthority;
using IoTPlatform.Tenant.Features.Standing;
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
        .AddSingleton<IUpkeepTask, ResumeRotation>()
        .AddSingleton<RetireOldSubCas>()
        .AddSingleton<IUpkeepTask>(s => s.GetRequiredService<RetireOldSubCas>())
        .AddSingleton<IUpkeepTask, BundleDrift>()
        .AddSingleton<RevokedSubCaFile>()
        .AddSingleton<RevokedSubCaUpkeep>()
        .AddSingleton<IUpkeepTask>(s => s.GetRequiredService<RevokedSubCaUpkeep>())
        .AddSingleton<IUpkeepTask, BridgeRenewal>()
        .AddSingleton<IUpkeepTask, AuditAnchoring>()
        .AddSingleton<IUpkeepTask, FederationRefresh>()
        .AddSingleton<UpkeepService>()
        .AddHostedService(s => s.GetRequiredService<UpkeepService>())
        .AddHostedService<ProviderStanding>();
}
