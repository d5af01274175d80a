using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Enrollment.Tokens;

namespace IoTPlatform.Tenant.Features.Enrollment;

internal static class EnrollmentEndpoints
{
    /// <summary>What devices call: enrol and renew.</summary>
    /// <param name="app">Gets them.</param>
    /// <param name="grace">After its end, in which a certificate may still be renewed.</param>
    public static IEndpointRouteBuilder MapEnrollment(this IEndpointRouteBuilder app, RenewalGrace grace)
    {
        // Anonymous for the router: the handler checks and spends the enrolment token in one transaction.
        app.MapPost("/devices/{deviceId}/enroll", EnrollAsync).AllowAnonymous();
        app.MapPost("/devices/{deviceId}/renew", RenewAsync).RequireAuthorization(ClientCertificateDefaults.DevicePolicy).WithMetadata(grace);
        return app;
    }

    private static Task<EnrollResponse> EnrollAsync(string deviceId, EnrollRequest request, HttpContext http, EnrollDevice enroll, CancellationToken cancellationToken) =>
        enroll.RunAsync(deviceId, request, EnrollmentCredential.From(http), cancellationToken);

    private static Task<EnrollResponse> RenewAsync(string deviceId, RenewRequest? request, HttpContext http, RenewDevice renew, CancellationToken cancellationToken) =>
        renew.RunAsync(deviceId, request, ClientCertificates.Known(http), cancellationToken);
}

internal static class EnrollmentServices
{
    public static IServiceCollection AddEnrollment(this IServiceCollection services) => services
        .AddSingleton(s => ManufacturerCertificates.Load(
            s.GetRequiredService<TenantOptions>().ManufacturerCaFile, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<ManufacturerCertificates>>()))
        .AddSingleton<EnrollmentGrants>()
        .AddSingleton<EnrollmentAttempt>()
        .AddSingleton<EnrollmentClaims>()
        .AddSingleton<EnrollmentLimits>()
        .AddSingleton<EnrollDevice>()
        .AddSingleton<RenewDevice>()
        .AddSingleton<IProfileRenewal>(s => s.GetRequiredService<RenewDevice>())
        .AddSingleton<EnrollmentTokens>()
        .AddSingleton<TokenChanges>();
}
