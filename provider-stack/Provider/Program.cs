using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Hosting.OpenApi;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Mqtt;
using IoTPlatform.Portal;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Bus;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Provider.Features.Emergencies;
using IoTPlatform.Provider.Features.Events;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.Embedded;
using IoTPlatform.Provider.Features.Removal;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.RevocationList;
using IoTPlatform.Provider.Features.Telemetry;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Provider.Portal;
using IoTPlatform.Provider.Startup;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Provider;

/// <summary>The provider stack's host, as a table of contents.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => HostProgram.RunAsync(args, async (arguments, stopping) =>
    {
        var options = ProviderOptionsReader.Read(ProviderSettings.Load(arguments));
        using var loggers = HostLogging.CreateFactory();
        await using var foundation = await ProviderFoundation.BootstrapAsync(options, TimeProvider.System, loggers, Console.Out, stopping);
        await using var app = Build(foundation);
        await app.StartOrStopAsync(stopping);
        foreach (var line in ReadyLines.Of(options.Listen[0], foundation.Ca.Authority.RootFingerprint, InitialAdmin.SignIn(options.PublicUrl, options.DataPath), Next(options)))
        {
            await Console.Out.WriteLineAsync(line);
        }

        await app.WaitForShutdownAsync(stopping);
    });

    private static string Next(ProviderOptions options) =>
        "iot tenants prepare TENANT-ID --name \"NAME\" --env-file TENANT-ID.env" + ReadyLines.Options(options.DataPath, DataFolder.DefaultPath("provider"), options.PublicUrl, defaultPort: 9443);

    /// <param name="foundation">Outlives the application.</param>
    /// <param name="replace">Last word on the services: other implementations of the seams.</param>
    public static WebApplication Build(ProviderFoundation foundation, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddPlatformLogging();
        builder.WebHost.Listen(foundation.Options, foundation.Ca.ServiceCertificate);

        builder.AddObservability(foundation.Options.Observability, "iot-provider", WorkflowTrace.Name, BusServices.TraceName, IngestMetrics.Name, MqttHosting.MeterName);

        builder.Services.AddSingleton(foundation.Options);
        builder.Services.AddPlatformHosting(foundation.Database.DataSource, foundation.Time);
        builder.Services.AddAuditLog();
        builder.Services.AddAccounts(foundation.Options.Issuer, foundation.Options.Oidc);
        builder.Services.AddOperatorKey(foundation.Folder);
        builder.Services.AddIssuerCheck(foundation.Options.Oidc);
        builder.Services.AddPortal(new PortalOptions { Name = "provider", Title = ProviderPortal.Title, PublicUrl = foundation.Options.PublicUrl, HomePath = PortalShell.Root }, foundation.Options.Oidc);
        builder.Services.AddApiDocument("IoT platform provider");
        builder.Services.AddCertificateAuthority(foundation.Ca, foundation.Options.Validation);
        builder.Services.AddProviderData();
        builder.Services.AddPlatformBus(foundation.Options);
        builder.Services.AddWorkflow();
        builder.Services.AddTenants();
        builder.Services.AddJoin();
        builder.Services.AddBridge();
        builder.Services.AddMessaging(foundation);
        builder.Services.AddPlatformEvents(foundation.Options);
        builder.Services.AddIdentityFederation(foundation.Folder, foundation.Options.Oidc);
        builder.Services.AddSubCaRotation();
        builder.Services.AddRevokedSubCas();
        builder.Services.AddEmergencies();
        builder.Services.AddTenantRemoval();
        builder.Services.AddTelemetry(foundation.Options);
        builder.Services.AddTenantCommands();
        builder.Services.AddProviderPortal();
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        app.UsePlatformHosting();
        app.MapAudit();
        app.MapPortal();
        app.MapIssuer();
        app.MapApiDocument(Policies.Viewer);
        app.MapStepCa();
        app.MapAcme();
        app.MapValidation();
        app.MapCertificates();
        app.MapEmergencies();
        app.MapProvisioners();
        app.MapEventWebhooks();
        app.MapTenants();
        app.MapPlatformEvents();
        app.MapJoinWorkflow();
        app.MapSubCaRotation();
        app.MapRevokedSubCas();
        app.MapBridge();
        app.MapBridgeReissue();
        app.MapIdentityFederation();
        app.MapTenantRemoval();
        app.MapMessaging(foundation.Options);
        app.MapTelemetry();
        app.MapUplinkCheckpoints();
        app.MapTenantCommands();
        app.MapPortalShell();
        return app;
    }
}
