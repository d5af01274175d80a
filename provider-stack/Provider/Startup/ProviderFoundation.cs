using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Startup;

/// <summary>What has to stand before the web host is built, in this order: data folder, database, schema, CA, admin account.</summary>
internal sealed class ProviderFoundation : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _owned = [];

    private ProviderFoundation(ProviderOptions options, PlatformOptions settings, DataFolder folder, TimeProvider time, ILoggerFactory loggers)
    {
        Options = options;
        Settings = settings;
        Folder = folder;
        Time = time;
        Loggers = loggers;
    }

    public ProviderOptions Options { get; }

    /// <summary>For secrets; everything else is in <see cref="Options"/>.</summary>
    public PlatformOptions Settings { get; }
    public DataFolder Folder { get; }
    public TimeProvider Time { get; }
    public ILoggerFactory Loggers { get; }
    public PlatformDatabase Database { get; private set; } = null!;
    public CertificateAuthorityModule Ca { get; private set; } = null!;

    public static async Task<ProviderFoundation> LayAsync(
        ProviderOptions options, PlatformOptions settings, TimeProvider time, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        var foundation = new ProviderFoundation(options, settings, DataFolder.Open(options.DataFolder), time, loggers);
        try
        {
            await foundation.LayAsync(settings, output, cancellationToken);
            return foundation;
        }
        catch
        {
            await foundation.DisposeAsync();
            throw;
        }
    }

    private async Task LayAsync(PlatformOptions settings, TextWriter output, CancellationToken cancellationToken)
    {
        var boot = new FirstBoot(output, isFirst: !File.Exists(CaFiles.IntermediateCertificate(Folder)));
        Database = Own(await boot.StepAsync("database", () => PlatformDatabase.OpenAsync(Folder, Options.Database, "provider", Loggers, Time, cancellationToken)));
        await boot.StepAsync("schema", async () =>
        {
            await Migrations.ApplyAsync(Database.DataSource, typeof(Authority).Assembly, typeof(ProviderFoundation).Assembly);
            return true;
        });
        var passwords = CaPasswords.Resolve(Folder, name => settings[name]);
        var ca = CaOptions();
        var issuers = await boot.StepAsync("ca", () => RootAndIntermediate.EnsureAsync(Folder, passwords, ca, Database.DataSource, Time, Loggers, cancellationToken));
        Ca = Own(await boot.StepAsync(
            "service-certificate", () => CertificateAuthorityModule.StartAsync(ca, issuers, Database.DataSource, Folder, passwords, Time, Loggers, cancellationToken)));
        await boot.StepAsync("admin", () => InitialAdmin.EnsureAsync(Database.DataSource, Folder, settings.Secret(ProviderSettings.AdminPassword), Time, cancellationToken));
    }

    private CertificateAuthorityOptions CaOptions() => new()
    {
        PlatformDomain = Options.PlatformDomain,
        Names = Options.Names,
        PublicUrl = Options.PublicUrl,
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
            await resource.DisposeAsync();
        Folder.Dispose();
    }
}
