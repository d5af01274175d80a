using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Federation;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.WireGuard;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Startup;

/// <summary>What first boot and the running host have in common. Each has its own container: the host's holds the CA, which needs what first boot installs.</summary>
internal static class TenantServices
{
    public static IServiceCollection Create(
        TenantOptions options, DataFolder folder, CertificateAuthority.SubCa subCa, IDbContextFactory<TenantDbContext> databases, TimeProvider time) => new ServiceCollection()
        .AddSingleton(options)
        .AddSingleton(folder)
        .AddSingleton(subCa)
        .AddSingleton(databases)
        .AddSingleton(time)
        .AddJoin()
        .AddRealm(folder)
        .AddSingleton<WireGuardServerKey>();
}
