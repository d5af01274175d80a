using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Federation;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.SubCa;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Startup;

/// <summary>A tenant from its settings to its ready line.</summary>
internal static partial class TenantHost
{
    public static async Task RunAsync(string[] args, CancellationToken stop)
    {
        var options = TenantOptionsReader.Read(TenantSettings.Load(args));
        await using var tenant = await StartAsync(options, new ConsoleProgress(Console.Out), TimeProvider.System, stop);
        foreach (var line in ReadyLines.Of(string.Join(',', tenant.Urls), tenant.RootFingerprint, InitialAdmin.SignIn(options.PublicUrl, options.DataPath), Next(options)))
        {
            Console.WriteLine(line);
        }

        await tenant.WaitForShutdownAsync(stop);
    }

    private static string Next(TenantOptions options) =>
        "iot devices token DEVICE-ID --out DEVICE-ID.token" + ReadyLines.Options(options.DataPath, DataFolder.DefaultPath("tenant"), options.PublicUrl, defaultPort: 9543);

    /// <summary>Everything before the first request; what was opened is closed again when a later step fails.</summary>
    /// <param name="replace">First word on the services: other implementations of the seams.</param>
    public static async Task<RunningTenant> StartAsync(TenantOptions options, IFirstBootProgress progress, TimeProvider time, CancellationToken stop, Action<IServiceCollection>? replace = null)
    {
        var opened = new OpenResources();
        try
        {
            var logs = opened.Add(HostLogging.CreateFactory());
            // Before the JOIN key is spent: a tenant that can't listen should not join.
            ListenPorts.Require([.. options.Listen.Select(ListenAddress.Parse), .. options.MqttListen, .. options.Validation is { } validation ? [validation.Listen] : Array.Empty<ListenAddress>()]);
            var folder = opened.Add(DataFolder.Open(options.DataPath));
            var passwords = options.ResolvePasswords(folder);
            var subCa = new SubCa(folder, passwords, time);
            var identity = new StackIdentity(folder, "tenant", subCa.IsInstalled, options.LostDatabase);
            if (options.Restore is null)
            {
                identity.RefuseMissing(options.Database);
            }

            var database = opened.Add(await PlatformDatabase.OpenAsync(folder, options.Database, "tenant", logs, time, stop));
            if (options.Restore is { } file)
            {
                await database.RestoreAsync(file, stop);
            }

            await identity.RefuseForeignAsync(database.DataSource, stop);
            await database.MigrateAsync(stop, typeof(Authority).Assembly, typeof(TenantHost).Assembly);
            var databases = DataServices.CreateFactory(database.DataSource);
            await WireGuardSubnetGuard.RequireAsync(databases, options.WireGuardSubnet, stop);
            await identity.EstablishAsync(database.DataSource, async token => await new IdentityStore(databases).FindAsync(token) is not null, time, stop);
            var services = TenantServices.Create(options, folder, subCa, databases, time);
            var (tenant, issuers, steps) = await TenantBoot.RunAsync(services, progress, stop);
            if (JoinRecord.Renew(options) && options.JoinKey is not null)
            {
                KeyNotUsed(logs.CreateLogger("IoTPlatform.Tenant"));
            }

            var ca = opened.Add(await CertificateAuthorityModule.StartAsync(
                CaOptions(options, tenant), issuers, database.DataSource, folder, passwords, time, logs, stop));
            await identity.ConfirmRootAsync(database.DataSource, ca.Authority.RootFingerprint, stop);
            await ProviderStatus.RestoreAsync(databases, ca.Authority, stop);
            await InitialAdmin.EnsureAsync(database.DataSource, folder, options.AdminPassword, time, stop);
            services.AddSingleton(new TenantJoin(steps));
            replace?.Invoke(services);
            var app = opened.Add(TenantApplication.Build(services, options, folder, tenant, PlatformLogin.Of(options, new JoinFiles(folder)), database.DataSource, ca, time));
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
        Validation = options.Validation?.Address,
        Acme = options.Acme,
        Webhooks = options.Webhooks,
        Upstream = options.UpstreamCa,
        CertificateRetention = options.CertificateRetention,
        EndpointCertificates = options.EndpointCertificates,
        Budget = options.Budget,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "JOIN_KEY is not used: this tenant has joined already")]
    private static partial void KeyNotUsed(ILogger log);
}
