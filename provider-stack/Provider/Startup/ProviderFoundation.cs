using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Names;

namespace IoTPlatform.Provider.Startup;

/// <summary>What has to stand before the web host is built, in this order: data folder, database, schema, CA, admin account.</summary>
internal sealed class ProviderFoundation : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _owned = [];

    private ProviderFoundation(ProviderOptions options, DataFolder folder, TimeProvider time, ILoggerFactory loggers)
    {
        Options = options;
        Folder = folder;
        Time = time;
        Loggers = loggers;
    }

    /// <summary>After the start with the platform domain that is kept.</summary>
    public ProviderOptions Options { get; private set; }

    public DataFolder Folder { get; }
    public TimeProvider Time { get; }
    public ILoggerFactory Loggers { get; }
    public PlatformDatabase Database { get; private set; } = null!;
    public CertificateAuthorityModule Ca { get; private set; } = null!;

    public static async Task<ProviderFoundation> BootstrapAsync(
        ProviderOptions options, TimeProvider time, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        ListenPorts.Require([.. options.Listen.Select(ListenAddress.Parse), .. options.MqttListen, .. options.Validation is { } validation ? [validation.Listen] : Array.Empty<ListenAddress>()]);
        var foundation = new ProviderFoundation(options, DataFolder.Open(options.DataPath), time, loggers);
        try
        {
            await foundation.BootstrapAsync(output, cancellationToken);
            return foundation;
        }
        catch
        {
            await foundation.DisposeAsync();
            throw;
        }
    }

    private async Task BootstrapAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var boot = new FirstBoot(output, isFirst: !File.Exists(CaFiles.IntermediateCertificate(Folder)));
        var identity = new StackIdentity(Folder, "provider", RootAndIntermediate.Exists(Folder), Options.LostDatabase);
        if (Options.Restore is null)
        {
            identity.RefuseMissing(Options.Database);
        }

        Database = Own(await boot.StepAsync("database", () => PlatformDatabase.OpenAsync(Folder, Options.Database, "provider", Loggers, Time, cancellationToken)));
        await boot.StepAsync("schema", async () =>
        {
            if (Options.Restore is { } file)
            {
                await Database.RestoreAsync(file, cancellationToken);
            }

            await identity.RefuseForeignAsync(Database.DataSource, cancellationToken);
            await Database.MigrateAsync(cancellationToken, typeof(Authority).Assembly, typeof(ProviderFoundation).Assembly);
            await identity.EstablishAsync(Database.DataSource, stop => RootAndIntermediate.IsOnRecordAsync(Folder, Database.DataSource, stop), Time, cancellationToken);
            return true;
        });
        await CheckKeptSettingsAsync(boot, cancellationToken);
        var passwords = Options.ResolvePasswords(Folder);
        var ca = CaOptions();
        var issuers = await boot.StepAsync("ca", () => RootAndIntermediate.EnsureAsync(Folder, passwords, ca, Options.ReplaceIntermediate, Database.DataSource, Time, Loggers, cancellationToken));
        Ca = Own(await boot.StepAsync(
            "service-certificate", () => CertificateAuthorityModule.StartAsync(ca, issuers, Database.DataSource, Folder, passwords, Time, Loggers, cancellationToken)));
        await identity.ConfirmRootAsync(Database.DataSource, Ca.Authority.RootFingerprint, cancellationToken);
        await boot.StepAsync("admin", () => InitialAdmin.EnsureAsync(Database.DataSource, Folder, Options.AdminPassword, Time, cancellationToken));
    }

    /// <summary>What earlier starts, certificates and tenants have fixed decides before anything is issued.</summary>
    private async Task CheckKeptSettingsAsync(FirstBoot boot, CancellationToken cancellationToken)
    {
        var contexts = DataServices.CreateFactory(Database.DataSource);
        var kept = new KeptSettings(contexts, Database.DataSource, Time, Loggers.CreateLogger<KeptSettings>());
        var subCas = await EarlierCertificates.LiveSubCasAsync(Database.DataSource, Time.GetUtcNow(), cancellationToken);
        var domain = await kept.PlatformDomainAsync(Options, subCas, cancellationToken);
        boot.Remark(
            "platform-domain",
            Options.IsPlatformDomainSet ? Options.PlatformDomain : $"{domain ?? Options.PlatformDomain}, because {ProviderSettings.PlatformDomain} is not set; it cannot change once a tenant has joined");
        Options = Options with { PlatformDomain = domain ?? Options.PlatformDomain };
        var guard = new NameGuard(contexts, Time, Loggers.CreateLogger<NameGuard>());
        await guard.EnsureAsync(Options, subCas, isFirst: !await kept.ExistAsync(cancellationToken), cancellationToken);
        await kept.KeepAsync(Options, cancellationToken);
    }

    private CertificateAuthorityOptions CaOptions() => new()
    {
        PlatformDomain = Options.PlatformDomain,
        Names = NameRegistry.Service(Options),
        PublicUrl = Options.PublicUrl,
        Validation = Options.Validation?.Address,
        Acme = Options.Acme,
        Webhooks = Options.Webhooks,
        Upstream = Options.UpstreamCa,
        ExternalRoot = Options.ExternalRoot,
        CertificateRetention = Options.CertificateRetention,
        EndpointCertificates = Options.EndpointCertificates,
        Budget = Options.Budget,
        RenewalsPerSubject = Options.RenewalsPerSubject,
    };

    private T Own<T>(T resource) where T : IAsyncDisposable
    {
        _owned.Push(resource);
        return resource;
    }

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var resource))
        {
            await resource.DisposeAsync();
        }

        Folder.Dispose();
    }
}
