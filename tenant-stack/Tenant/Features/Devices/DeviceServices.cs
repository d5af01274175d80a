using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.Tenant.Features.Devices;

internal static class DeviceServices
{
    public static IServiceCollection AddDevices(this IServiceCollection services) => services
        .AddSingleton<DeviceCertificates>()
        .AddSingleton<IReservedNames, RegisteredDeviceNames>()
        .AddSingleton<DeviceAnswer>()
        .AddSingleton<DeviceRegistry>()
        .AddSingleton<RevokeDevice>();
}
