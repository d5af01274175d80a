using IoTPlatform.Hosting;
using IoTPlatform.Portal;
using IoTPlatform.Portal.Live;
using IoTPlatform.Provider.Features.Telemetry;
using MudBlazor;

namespace IoTPlatform.Provider.Portal;

/// <summary>The pages of the provider's staff.</summary>
internal static class ProviderPortal
{
    public const string Title = "IoT platform provider";
    public const string Tenants = PortalShell.Root + "/tenants";
    public const string Prepare = PortalShell.Root + "/prepare";
    public const string Certificates = PortalShell.Root + "/certificates";
    public const string Audit = PortalShell.Root + "/audit";
    public const string Telemetry = PortalShell.Root + "/telemetry";

    public static IServiceCollection AddProviderPortal(this IServiceCollection services) => services
        .AddScoped<PlatformOverview>()
        .AddSingleton<SharedView<OverviewView>>()
        .AddSingleton<SharedView<BridgeActivity>>()
        .AddScoped<ShownJoinKeys>()
        .AddHostedService<HealthWatch>()
        .AddPortalShell(new PortalShell
        {
            Title = Title,
            Pages = typeof(ProviderPortal).Assembly,
            TenantPath = TenantPath,
            Searches = [("Search tenants for", Tenants + "?text="), ("Search certificates for", Certificates + "?text=")],
            Links =
            [
                new PortalLink(PortalShell.Root, "Overview", Icons.Material.Outlined.Dashboard),
                new PortalLink(Tenants, "Tenants", Icons.Material.Outlined.Domain),
                new PortalLink(Certificates, "Certificates", Icons.Material.Outlined.VerifiedUser),
                new PortalLink(PortalShell.CaPath, "CA", Icons.Material.Outlined.AccountTree),
                new PortalLink(Telemetry, "Telemetry", Icons.Material.Outlined.ShowChart),
                new PortalLink(PortalShell.IdentityPath, "Identity", Icons.Material.Outlined.People, Policies.Admin),
                new PortalLink(PortalShell.Emergencies, "Emergency", Icons.Material.Outlined.ReportProblem, Policies.Admin),
                new PortalLink(Audit, "Audit log", Icons.Material.Outlined.FactCheck, Policies.Admin),
            ],
        });

    public static string TenantPath(string tenantId) => $"{Tenants}/{tenantId}";

    /// <param name="tenantId">Whose.</param>
    /// <param name="deviceId">Null: of all its devices.</param>
    public static string TelemetryPath(string tenantId, string? deviceId = null) => $"{Telemetry}?tenant={tenantId}" + (deviceId is null ? "" : $"&device={deviceId}");

    public static string CertificatePath(string serial) => $"{Certificates}/{serial}";
}
