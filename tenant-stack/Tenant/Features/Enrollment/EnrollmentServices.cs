using IoTPlatform.CertificateAuthority;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Enrollment.Tokens;

namespace IoTPlatform.Tenant.Features.Enrollment;

internal static class EnrollmentServices
{
    public static IServiceCollection AddEnrollment(this IServiceCollection services) => services
        .AddSingleton(s => ManufacturerCertificates.Load(
            s.GetRequiredService<TenantOptions>().ManufacturerCaFile, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<ManufacturerCertificates>>()))
        .AddSingleton<EnrollmentGrants>()
        .AddSingleton<EnrollmentClaims>()
        .AddSingleton<EnrollmentLimits>()
        .AddSingleton<EnrollDevice>()
        .AddSingleton<RenewDevice>()
        .AddSingleton<IProfileRenewal>(s => s.GetRequiredService<RenewDevice>())
        .AddSingleton<EnrollmentTokens>();
}
