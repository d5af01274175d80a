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
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.Emergencies;
using IoTPlatform.Tenant.Features.Enrollment;
using IoTPlatform.Tenant.Features.Enrollment.Phone;
using IoTPlatform.Tenant.Features.Enrollment.Tokens;
using IoTPlatform.Tenant.Features.Events;
using IoTPlatform.Tenant.Features.Federation;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.SubCa;
using IoTPlatform.Tenant.Features.Telemetry;
using IoTPlatform.Tenant.Features.Uplink;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.WireGuard;
using IoTPlatform.Tenant.Portal;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace IoTPlatform.Tenant.Startup;

/// <summary>The web application: one line per feature.</summary>
internal static class TenantApplication
{
    public static WebApplication Build(
        IServiceCollection services, TenantOptions options, DataFolder folder, JoinedTenant tenant, PlatformProvider? platform, NpgsqlDataSource dataSource, CertificateAuthorityModule ca, TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddPlatformLogging();
        builder.WebHost.Listen(options, ca.ServiceCertificate);
        builder.AddObservability(options.Observability, "iot-tenant", IngestMetrics.Name, UplinkMetrics.Name, MqttHosting.MeterName);
        builder.Services
            .Add(services)
            .AddSingleton(tenant)
            .AddPlatformHosting(dataSource, time)
            .AddAuditLog()
            .AddIssuerCheck(options.Oidc)
            .AddPortal(new PortalOptions { Name = $"tenant-{tenant.TenantId}", Title = $"IoT tenant {tenant.TenantId}", PublicUrl = options.PublicUrl, HomePath = PortalShell.Root }, options.Oidc, platform)
            .AddApiDocument($"IoT tenant {tenant.TenantId}")
            .AddCertificateAuthority(ca, options.Validation)
            .AddDevices()
            .AddEmergencies()
            .AddEnrollment()
            .AddTelemetry(options.Telemetry)
            .AddTelemetryUplink(options.Uplink)
            .AddSingleton(options.DeviceLimits)
            .AddDeviceMqtt(options.Broker, ca, new JoinFiles(folder), tenant, time)
            .AddCommands(options.Broker)
            .AddWireGuard()
            .AddUplink()
            .AddTenantEvents()
            .AddFederation(options)
            .AddTenantPortal($"IoT tenant {tenant.TenantId}");
        builder.Services.AddAccounts(options.Issuer, options.Oidc);
        builder.Services.AddOperatorKey(folder);

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
        app.MapDevices();
        app.MapEnrollment(new RenewalGrace(options.DeviceRenewalGrace));
        app.MapEnrollmentTokens();
        if (options.AllowsPhoneEnrolment)
        {
            app.MapPhoneEnrolment();
        }

        app.MapTelemetry();
        app.MapCommands();
        app.MapUplink();
        app.MapDeviceMqtt(options.Broker);
        app.MapSubCa();
        app.MapRevokedSubCas();
        app.MapPortalShell();
        return app;
    }
}
