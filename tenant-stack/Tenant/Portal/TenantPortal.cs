using IoTPlatform.Hosting;
using IoTPlatform.Portal;
using IoTPlatform.Portal.Live;
using IoTPlatform.Tenant.Features.FirstBoot;
using MudBlazor;

namespace IoTPlatform.Tenant.Portal;

/// <summary>The pages of a tenant's staff.</summary>
internal static class TenantPortal
{
    public const string Devices = PortalShell.Root + "/devices";
    public const string Enrolment = PortalShell.Root + "/enrolment";
    public const string Provider = PortalShell.Root + "/provider";
    public const string Certificates = PortalShell.Root + "/certificates";
    public const string Audit = PortalShell.Root + "/audit";

    public static IServiceCollection AddTenantPortal(this IServiceCollection services, string title) => services
        .AddScoped<FleetOverview>()
        .AddSingleton<SharedView<FleetView>>()
        .AddSingleton<JoinStatus>()
        .AddHostedService<HealthWatch>()
        .AddPortalShell(new PortalShell
        {
            Title = title,
            Pages = typeof(TenantPortal).Assembly,
            DevicePath = DevicePath,
            Searches = [("Search devices for", Devices + "?text="), ("Search certificates for", Certificates + "?text=")],
            Links =
            [
                new PortalLink(PortalShell.Root, "Overview", Icons.Material.Outlined.Dashboard),
                new PortalLink(Devices, "Devices", Icons.Material.Outlined.DeviceHub),
                new PortalLink(Enrolment, "Enrolment", Icons.Material.Outlined.QrCode2),
                new PortalLink(Provider, "Provider", Icons.Material.Outlined.CloudSync),
                new PortalLink(Certificates, "Certificates", Icons.Material.Outlined.VerifiedUser),
                new PortalLink(PortalShell.CaPath, "CA", Icons.Material.Outlined.AccountTree),
                new PortalLink(PortalShell.IdentityPath, "Identity", Icons.Material.Outlined.People, Policies.Admin),
                new PortalLink(Audit, "Audit log", Icons.Material.Outlined.FactCheck, Policies.Admin),
            ],
        });

    public static string DevicePath(string deviceId) => $"{Devices}/{deviceId}";

    public static string CertificatePath(string serial) => $"{Certificates}/{serial}";
}
