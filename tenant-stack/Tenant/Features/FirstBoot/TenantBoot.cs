using IoTPlatform.CertificateAuthority;
using IoTPlatform.Tenant.Features.Federation;
using IoTPlatform.Tenant.Features.FirstBoot.Checks;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>The list of first boot's checks, in order.</summary>
internal static class TenantBoot
{
    /// <summary>Returns once every check holds: who this tenant is, the issuers it signs with, and the checks.</summary>
    public static async Task<(JoinedTenant Tenant, IssuerSet Issuers, IReadOnlyList<FirstBootStep> Steps)> RunAsync(IServiceCollection tenant, IFirstBootProgress progress, CancellationToken cancellationToken)
    {
        await using var services = new ServiceCollection { tenant }.AddSingleton(progress).AddChecks().BuildServiceProvider();
        var reconciler = services.GetRequiredService<FirstBootReconciler>();
        await reconciler.RunAsync(cancellationToken);
        var bundle = services.GetRequiredService<JoinFiles>().ReadBundle()!;
        return (new JoinedTenant(bundle.TenantId, bundle.PlatformDomain), services.GetRequiredService<SubCaAtBoot>().Issuers, reconciler.Steps);
    }

    private static IServiceCollection AddChecks(this IServiceCollection services) => services
        .AddSingleton<SubCaAtBoot>()
        .AddSingleton<Func<IssuerSet>>(s => () => s.GetRequiredService<SubCaAtBoot>().Issuers)
        .AddSingleton<JoinRequestFactory>()
        .AddSingleton<JoinCall>()
        .AddSingleton<BundleRules>()
        .AddSingleton<IFirstBootCheck, TrustedRootCheck>()
        .AddSingleton<IFirstBootCheck, SubCaKeyCheck>()
        .AddSingleton<IFirstBootCheck, NewJoinKeyCheck>()
        .AddSingleton<IFirstBootCheck, BridgeKeyCheck>()
        .AddSingleton<IFirstBootCheck, WireGuardKeyCheck>()
        .AddSingleton<IFirstBootCheck, JoinedCheck>()
        .AddSingleton<IFirstBootCheck, DatabaseOwnerCheck>()
        .AddSingleton<IFirstBootCheck, SubCaCertificateCheck>()
        .AddSingleton<IFirstBootCheck, BridgeCertificateCheck>()
        .AddSingleton<IFirstBootCheck, BundleFilesCheck>()
        .AddSingleton<IFirstBootCheck, ConfirmedCheck>()
        .AddSingleton<IFirstBootCheck, TenantRealmCheck>()
        .AddSingleton<FirstBootReconciler>();
}
