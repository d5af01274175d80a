using IoTPlatform.Provider.Features.Bridge;
using Microsoft.AspNetCore.Authorization;

namespace IoTPlatform.Provider.Features.Rotation;

internal static class RotationServices
{
    public static IServiceCollection AddSubCaRotation(this IServiceCollection services) => services
        .AddSingleton<SubCaKeys>()
        .AddSingleton<SubCaRotation>()
        .AddSingleton<TenantDoor>()
        .AddHttpContextAccessor()
        .AddSingleton<IAuthorizationHandler, SuspendedBridges>();
}
