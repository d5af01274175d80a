using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Join;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Startup;

/// <summary>A tenant from its settings to its ready line.</summary>
internal static partial class TenantHost
{
    public static async Task RunAsync(string[] args, CancellationToken stop)
    {
        var options = TenantOptionsReader.Read(PlatformOptions.Load(args, TenantSettings.All));
        await using var tenant = await StartAsync(options, new ConsoleProgress(Console.Out), TimeProvider.System, stop);
        Console.WriteLine($"ready {string.Join(',', tenant.Urls)} fingerprint={tenant.RootFingerprint}");
        await tenant.WaitForShutdownAsync(stop);
    }

    /// <summary>Everything before the first request; what was opened is closed again when a later step fails.</summary>
    public static async Task<RunningTenant> StartAsync(TenantOptions options, IFirstBootProgress progress, TimeProvider time, CancellationToken stop)
    {
        var opened = new OpenResources();
        try
        {
            var logs = opened.Add(HostLogging.CreateFactory());
            // Before the JOIN key is spent: a tenant that can't listen should not join.
            ListenPorts.Require(options.Listen.Select(ListenAddress.Parse));
            var folder = opened.Add(DataFolder.Open(options.DataPath));
            var passwords = options.ResolvePasswords(folder);
            var database = opened.Add(await PlatformDatabase.OpenAsync(folder, options.Database, "tenant", logs, time, stop));
            await Migrations.ApplyAsync(database.DataSource, typeof(Authority).Assembly, typeof(TenantHost).Assembly);
            await WireGuardSubnetGuard.RequireAsync(database.DataSource, options.WireGuardSubnet, stop);
            var databases = DataServices.CreateFactory(database.DataSource);
            var subCa = new SubCa(folder, passwords, time);
            var (tenant, issuers) = await TenantBoot.RunAsync(options, folder, subCa, databases, progress, time, stop);
            if (JoinRecord.Renew(options) && options.JoinKey is not null)
                KeyNotUsed(logs.CreateLogger("IoTPlatform.Tenant"));
            var ca = opened.Add(await CertificateAuthorityModule.StartAsync(
                CaOptions(options, tenant), issuers, database.DataSource, folder, passwords, time, logs, stop));
            await InitialAdmin.EnsureAsync(database.DataSource, folder, options.AdminPassword, time, stop);
            var app = opened.Add(TenantApplication.Build(options, tenant, folder, database.DataSource, databases, subCa, ca, time));
            await app.StartOrStopAsync(stop);
            return new RunningTenant(app, ca, opened);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    private static CertificateAuthorityOptions CaOptions(TenantOptions options, JoinedTenant tenant) => new()
    {
        PlatformDomain = tenant.PlatformDomain,
        Tenant = tenant.TenantId,
        Names = options.ServiceNames,
        PublicUrl = options.PublicUrl,
        ServiceName = "tenant-iot-bridge-api",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "JOIN_KEY is not used: this tenant has joined already")]
    private static partial void KeyNotUsed(ILogger log);
}
