using System.Security.Claims;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Features.Devices;

namespace IoTPlatform.Tenant.Features.SubCa;

internal static class SubCaEndpoints
{
    public static IEndpointRouteBuilder MapSubCa(this IEndpointRouteBuilder app)
    {
        app.MapPost("/portal/sub-ca/rotate", RotateAsync).RequireAuthorization(SubCaRotation.Policy);
        return app;
    }

    private static Task<RotatedSubCa> RotateAsync(ClaimsPrincipal caller, SubCaRotation rotation, CancellationToken cancellationToken) =>
        rotation.RunAsync(Caller.Name(caller), cancellationToken);
}
