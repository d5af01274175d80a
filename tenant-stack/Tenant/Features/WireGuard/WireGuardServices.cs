namespace IoTPlatform.Tenant.Features.WireGuard;

internal static class WireGuardServices
{
    /// <summary>Addresses, client configuration and the server's peers file.</summary>
    public static IServiceCollection AddWireGuard(this IServiceCollection services) => services
        .AddSingleton<WireGuardServerKey>()
        .AddSingleton<WireGuardAddresses>()
        .AddSingleton<WireGuardClient>()
        .AddSingleton<WireGuardPeersFile>()
        .AddHostedService<WireGuardPeersService>();
}
