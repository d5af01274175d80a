using IoTPlatform.CertificateAuthority;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Enrollment.Tokens;
using Microsoft.AspNetCore.Authorization;

namespace IoTPlatform.Tenant.Features.Enrollment;

internal static class EnrollmentServices
{
    public static IServiceCollection AddEnrollment(this IServiceCollection services) => services
        .AddSingleton(s => ManufacturerCertificates.Load(s.GetRequiredService<TenantOptions>().ManufacturerCaFile, s.GetRequiredService<TimeProvider>()))
        .AddSingleton<EnrollmentGrants>()
        .AddSingleton<EnrollmentClaims>()
        .AddSingleton<EnrollmentThrottle>()
        .AddSingleton<EnrollDevice>()
        .AddSingleton<RenewDevice>()
        .AddSingleton<IProfileRenewal>(s => s.GetRequiredService<RenewDevice>())
        .AddSingleton<EnrollmentTokens>()
        .AddSingleton<IAuthorizationMiddlewareResultHandler, RevokedCertificateAnswer>();
}
