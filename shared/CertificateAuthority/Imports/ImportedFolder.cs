using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What the clients of imported issuers call this host, as it is now.</summary>
internal sealed class ImportedNames
{
    private volatile IReadOnlyList<string> _all = [];

    public IReadOnlyList<string> All
    {
        get => _all;
        set => _all = value;
    }
}

/// <summary>
/// Where earlier versions kept imported issuers: a folder <c>imported/KEYID</c> each, with <c>key</c>, encrypted under the CA password, where there is one, <c>names</c>, one a line, and <c>chain.pem</c>.
/// They become rows at a start; what was moved stays in <c>imported.moved</c> until somebody removes it.
/// </summary>
internal static partial class ImportedFolder
{
    private const string Folder = "imported";
    private const string Moved = "imported.moved";

    /// <summary>A start that was cut off is repeated by the next one. One that can't be read stays where it is, and the others move.</summary>
    public static async Task MoveAsync(DataFolder folder, IssuerStore issuers, TimeProvider time, ILogger log, CancellationToken cancellationToken)
    {
        var path = folder.Combine(Folder);
        if (!Directory.Exists(path))
        {
            return;
        }

        foreach (var one in Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal).ToList())
        {
            try
            {
                // Without a chain its import did not come to its end.
                if (File.Exists(Path.Combine(one, "chain.pem")))
                {
                    await StoreAsync(one, issuers, time, cancellationToken);
                }

                var moved = folder.Combine(Moved, Path.GetFileName(one));
                Folders.EnsureFor(moved);
                if (Directory.Exists(moved))
                {
                    Directory.Delete(moved, recursive: true);
                }

                Directory.Move(one, moved);
            }
            catch (Exception e) when (e is PkiException or IOException or UnauthorizedAccessException or ProblemException { Status: 409 })
            {
                NotMoved(log, one, e.Message);
            }
        }

        if (!Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }
    }

    private static Task StoreAsync(string path, IssuerStore issuers, TimeProvider time, CancellationToken cancellationToken)
    {
        var chain = CertificateChain.ParsePem(File.ReadAllText(Path.Combine(path, "chain.pem")));
        IssuerStore.RequireUsable(chain);
        var issuer = new AcceptedIssuer(chain.Issuer);
        var (keyId, key, names) = (Convert.ToHexStringLower(issuer.KeyId), Path.Combine(path, "key"), File.ReadAllText(Path.Combine(path, "names")).Trim());
        var keyPem = File.Exists(key) ? File.ReadAllText(key) : null;
        return issuers.SaveAsync(
            keyId, issuer.CommonName,
            // Another process of this stack may have moved its copy, with or without the key.
            there => there is null
                ? new IssuerRow("", keyId, chain.Pem, keyPem, names, IsImported: true, IssuerState.Renewing, time.GetUtcNow())
                : there with { Key = there.Key ?? keyPem },
            row => new AuditEntry("system", "issuer.moved", row.Name, AuditDetails.Of(("issuer_key_id", row.KeyId), ("key", row.Key is not null))),
            cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the imported issuer in {Path} can't be moved into the database: {Reason} What is there is of no use until it can; where it is damaged, restore its folder from the backup")]
    private static partial void NotMoved(ILogger log, string path, string reason);
}
