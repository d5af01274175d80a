using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// The root's CRL, for verifiers that want one of every issuer. The root key is rarely there, so it lasts a year; a start that finds the key
/// signs another one when it is a month old, or when something was revoked since. The newest is in the data folder, too, for this host's own clients; of a root of others
/// it is put there by the operator. One that names the Intermediate CA in use waits there for the next one: whoever has seen it refuses this host.
/// </summary>
internal sealed partial class RootRevocationList(DataFolder folder, RevocationListStore lists, bool isExternal, TimeProvider time, ILogger<RootRevocationList> log)
{
    public string Path => folder.Combine("certs", RevokedIntermediatesFile.Name);

    /// <param name="root">Whose list.</param>
    /// <param name="intermediate">In use.</param>
    /// <param name="signer">The root's, where its key is here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task EnsureAsync(X509Certificate2 root, X509Certificate2 intermediate, Func<CaSigner> signer, CancellationToken cancellationToken)
    {
        var issuer = new AcceptedIssuer(root);
        var now = time.GetUtcNow();
        // Also those that have expired: whoever has seen one in a list takes no list without it.
        var since = DateTimeOffset.MinValue;
        var hasKey = new CaKeyFile(CaFiles.RootKey(folder)).Exists;
        IReadOnlyList<RevokedSerial> revoked = hasKey ? await lists.RevokedAsync(issuer.KeyId, since, cancellationToken) : [];
        // Of a database that was restored from before a replacement, the list on disk knows more.
        var seen = CaFiles.RootRevocationList(folder).TryLoad(root);
        if (isExternal && seen is null && CaFiles.RootRevocationList(folder).Exists)
        {
            throw new StartupException(
                $"{Path} is no complete revocation list of the root (DER, with a CRL number and no issuing distribution point, of at most 1 MB). Correct it, or take it away (docs/external-root.md).");
        }

        var (list, mark) = await lists.FindAsync(issuer.KeyId, shard: null, known: null, cancellationToken);
        if (hasKey && !(list is not null && IsCurrent(list, mark)))
        {
            list = await lists.ReplaceAsync(IssuerInfo.FromCertificate(root), shard: null, now, since, IsCurrent, goesOn: _ => false, Sign, cancellationToken);
        }

        if (!hasKey && seen?.Contains(intermediate) == true)
        {
            ListWaits(Path, IntermediateReplacement.Setting, SerialNumber.ToHex(ParsedCertificate.Parse(intermediate.RawDataMemory).SerialNumber.Span));
        }
        else if (!hasKey && seen is not null)
        {
            // Taken as it is; its number in the database is only that of the row.
            list = await lists.ReplaceAsync(
                IssuerInfo.FromCertificate(root), shard: null, now, since, (known, _) => known.Der.Length > 0 && !seen.IsNewerThan(RevokedIntermediates.Parse(known.Der, root)), goesOn: _ => false,
                (_, _) => (seen.NextUpdate, seen.Der.ToArray()), cancellationToken);
            TellOfRefused(seen, RevokedIntermediates.Parse(list.Der, root));
        }

        if (list is { Der.Length: > 0 })
        {
            CaFiles.RootRevocationList(folder).Keep(RevokedIntermediates.Parse(list.Der, root), root);
        }

        // Not by its mark, which another start of the database changes: nothing calls for the root's signature then.
        bool IsCurrent(StoredRevocationList known, RevocationMark _) =>
            known.Der.Length > 0 && RevokedIntermediates.Parse(known.Der, root) is var list && revoked.All(entry => list.Has(entry.SerialNumber.Span))
            && (seen is null || list.HasAllOf(seen)) && now < known.ThisUpdate + TimeSpan.FromDays(30);

        (DateTimeOffset NextUpdate, byte[] Der) Sign(RevocationListEntries entries, long number)
        {
            var order = new RevocationListOrder
            {
                Former = seen is null ? null : SignedRevocations.Read(seen.Der, IssuerInfo.FromCertificate(root)),
                Revoked = entries.Revoked,
                Number = number,
                ThisUpdate = now - CertificateProfile.Backdate,
                NextUpdate = now + TimeSpan.FromDays(365),
            };
            return (order.NextUpdate, signer().SignRevocationList(order));
        }
    }

    /// <summary>That which is handed out, or the next one in the data folder. Null: there is none.</summary>
    public async Task<RevokedIntermediates?> NewestAsync(X509Certificate2 root, CancellationToken cancellationToken)
    {
        var (list, _) = await lists.FindAsync(new AcceptedIssuer(root).KeyId, shard: null, known: null, cancellationToken);
        var known = list is { Der.Length: > 0 } ? RevokedIntermediates.Parse(list.Der, root) : null;
        return CaFiles.RootRevocationList(folder).TryLoad(root) is { } seen && seen.IsNewerThan(known) ? seen : known;
    }

    private void TellOfRefused(RevokedIntermediates seen, RevokedIntermediates known)
    {
        if (seen.Der.Span.SequenceEqual(known.Der.Span))
        {
            return;
        }

        if (known.IsNewerThan(seen))
        {
            OldListReplaced(Path, seen.Number, known.Number);
        }
        else
        {
            ListRefused(Path, seen.Number, known.Number, string.Join(", ", seen.MissingOf(known).Take(20)) is { Length: > 0 } missing ? missing : "none");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} names the Intermediate CA in use, so it is not handed out until another one is in its place: start with {Setting}=compromised:{Serial}")]
    private partial void ListWaits(string path, string setting, string serial);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} had the root's list number {Number}, and has number {Known} again, which was handed out before")]
    private partial void OldListReplaced(string path, long number, long known);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path}, the root's list number {Number}, is not handed out, but number {Known} still is: put one there that has a higher number and names all that this one does. Serial numbers that are missing: {Missing}")]
    private partial void ListRefused(string path, long number, long known, string missing);
}
