using IoTPlatform.Client;
using IoTPlatform.Hosting;

namespace IoTPlatform.Iot;

/// <summary>What a stack's data folder on this machine tells its operator.</summary>
internal sealed class LocalStack
{
    private LocalStack(string folder, bool chosen)
    {
        Folder = folder;
        IsChosen = chosen;
    }

    public string Folder { get; }

    /// <summary>Named by --data or IOT_DATA, not guessed.</summary>
    public bool IsChosen { get; }

    public string RootPath => Path.Combine(Folder, "certs", "root_ca.crt");

    public RootTrust? Root => File.Exists(RootPath) ? ServerTrust.FromFile(RootPath) : null;

    public string? AdminPassword
    {
        get
        {
            var path = Path.Combine(Folder, InitialAdmin.PasswordFile);
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
    }

    public static LocalStack Of(Run run, ServerOptions options)
    {
        if ((run.Get(ServerOptions.Data) ?? run.Env("IOT_DATA")) is not { } chosen)
            return new LocalStack(DataFolder.DefaultPath(options.Name), chosen: false);
        return Directory.Exists(chosen)
            ? new LocalStack(Path.GetFullPath(chosen), chosen: true)
            : throw CliException.Usage($"there is no data folder {chosen}");
    }
}
