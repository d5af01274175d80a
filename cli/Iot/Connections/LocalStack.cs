using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

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

    /// <summary>Of the tenant whose folder it is: what its Sub-CA is confined to. Null where there is none.</summary>
    public string? TrustDomain => Read(Path.Combine(Folder, "join-bundle", "sub-ca.crt"), path =>
        NameConstraints.FromCertificate(Pem.ParseCertificate(File.ReadAllText(path))) is { PermittedUriDomains: [var domain] } ? domain : null);

    /// <summary>The newest list of revoked Sub-CAs that the tenant of this folder has seen.</summary>
    public RevokedSubCas? RevokedSubCas => Read(Path.Combine(Folder, "certs", "revoked-sub-cas.crl"), path => Pki.RevokedSubCas.Parse(File.ReadAllBytes(path)));

    public string? AdminPassword
    {
        get
        {
            var path = Path.Combine(Folder, InitialAdmin.PasswordFile);
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
    }

    public static LocalStack In(string folder) => new(folder, chosen: true);

    private static T? Read<T>(string path, Func<string, T?> read) where T : class
    {
        try
        {
            return File.Exists(path) ? read(path) : null;
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            throw CliException.Usage($"{path} is damaged: {e.Message}");
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
