using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>What can be read from a stack's data folder on this machine.</summary>
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

    /// <summary>The newest of the root's lists that the stack of this folder has seen; null also while it names a CA that the stack itself stands on.</summary>
    public RevokedIntermediates? RevokedIntermediates(RootTrust root) =>
        new RevokedIntermediatesFile(Path.Combine(Folder, "certs", RevokedIntermediatesFile.Name)).TryLoad(root.Root, Issuers ?? []);

    private X509Certificate2[]? Issuers => Read(Path.Combine(Folder, "certs", "intermediate_ca.crt"), path => Pem.ParseCertificates(File.ReadAllText(path)).ToArray());

    /// <summary>Null when this account can read the folder, or there is none; else whose it is.</summary>
    public string? Unreadable
    {
        get
        {
            try
            {
                _ = Directory.Exists(Folder) && Directory.EnumerateFileSystemEntries(Folder).Any();
                return null;
            }
            catch (UnauthorizedAccessException)
            {
                return $"the data folder {Folder} belongs to another user and cannot be read as {Environment.UserName}; run iot as that user (sudo), or give --fingerprint or --root, and log in (iot login)";
            }
        }
    }

    /// <summary>Its key opens no other kind of stack. A folder that has not started yet has neither mark.</summary>
    public LocalStack RequireKind(ServerOptions options)
    {
        var isTenant = Directory.Exists(Path.Combine(Folder, "join-bundle"));
        var isProvider = !isTenant && File.Exists(Path.Combine(Folder, "secrets", "intermediate_ca_key"));
        if (options.Stack == Stack.Tenant ? isProvider : isTenant)
        {
            throw CliException.Usage($"{Folder} is the data folder of a {(isTenant ? "tenant" : "provider")}; this command asks a {options.Name}");
        }

        return this;
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
        {
            return new LocalStack(DataFolder.DefaultPath(options.Name), chosen: false);
        }

        if (!Directory.Exists(chosen))
        {
            throw CliException.Usage($"there is no data folder {chosen}");
        }

        var stack = new LocalStack(Path.GetFullPath(chosen), chosen: true);
        stack.RequireReadable();
        return stack;
    }

    /// <summary>Whose key a server may be shown. Null: it is below another root, or another tenant's, and could use what it signs at the stack that it is for.</summary>
    public static LocalStack? Of(Run run, ServerOptions options, Uri url, RootTrust trust)
    {
        var stack = Of(run, options);
        var isAnothers = (stack.Root is { } root && root.Fingerprint != trust.Fingerprint)
            || (options.Stack == Stack.Tenant && stack.TrustDomain is { } own && own != TenantServer.TrustDomain(run, url));
        return isAnothers ? null : stack;
    }

    private void RequireReadable()
    {
        if (Unreadable is { } problem)
        {
            throw new CliException(ExitCode.Failed, "access_denied", problem);
        }
    }
}
