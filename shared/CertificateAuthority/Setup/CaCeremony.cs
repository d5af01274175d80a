using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Looks at what is there and adds what is missing, in the order key file, intent, certificate in the database, certificate file. A key
/// that is on disk is used again; a certificate that is in the database already is only written out again.
/// </summary>
internal sealed class CaCeremony : IAsyncDisposable
{
    private readonly DataFolder _folder;
    private readonly CaPasswords _passwords;
    private readonly CertificateAuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly CertificateStore _store;
    private readonly AuditLog _audit;
    private readonly IssuanceLedger _ledger;
    private readonly RevocationListStore _lists;
    private CaSigner? _root;

    public CaCeremony(DataFolder folder, CaPasswords passwords, CertificateAuthorityOptions options, NpgsqlDataSource database, TimeProvider time, ILoggerFactory logs)
    {
        _folder = folder;
        _passwords = passwords;
        _options = options;
        _time = time;
        _store = new CertificateStore(database);
        _lists = new RevocationListStore(database);
        _audit = new AuditLog(database);
        _ledger = new IssuanceLedger(database, new LedgerOptions { Writers = 1 }, time, logs.CreateLogger<IssuanceLedger>());
    }

    public ValueTask DisposeAsync()
    {
        _root?.Dispose();
        return _ledger.DisposeAsync();
    }

    public async Task<X509Certificate2> EnsureRootAsync(CancellationToken cancellationToken)
    {
        var path = CaFiles.RootCertificate(_folder);
        if (Read(path) is { } existing)
        {
            return existing;
        }

        if (!new CaKeyFile(CaFiles.RootKey(_folder)).Exists)
        {
            await RefuseForeignDatabaseAsync(cancellationToken);
        }

        var key = CaKeys.LoadOrCreate(CaFiles.RootKey(_folder), KeyKind.P384, _passwords);
        if (await FindAsync(key, Profiles.Root, cancellationToken) is not { } root)
        {
            await RefuseForeignDatabaseAsync(cancellationToken);
            // Self-signed: the intent to use this key is recorded first.
            await _audit.AppendAsync(
                new AuditEntry("system", "ca.root_intended", _options.RootCommonName, $$"""{"public_key_sha256":"{{Convert.ToHexStringLower(SHA256.HashData(key.SubjectPublicKeyInfo))}}"}"""),
                cancellationToken);
            root = CaSigner.SelfSign(key, Template(Profiles.Root, key, _options.RootCommonName, notAfter: null));
            await StoreAsync(root.RawData, Profiles.Root, _options.RootCommonName, new AcceptedIssuer(root), key);
        }

        _root = new CaSigner(X509CertificateLoader.LoadCertificate(root.RawData), key);
        Write(path, root);
        return root;
    }

    public async Task<(X509Certificate2 Certificate, CaKey Key)> EnsureIntermediateAsync(X509Certificate2 root, IntermediateReplacement? replacement, CancellationToken cancellationToken)
    {
        var path = CaFiles.IntermediateCertificate(_folder);
        if (Read(path) is { } existing)
        {
            var current = CaKeys.Load(CaFiles.IntermediateKey(_folder), _passwords);
            if (!IsOf(existing, current) && await FindNewestIntermediateAsync(current, cancellationToken) is { } switched)
            {
                // A replacement was cut off between its two files.
                Write(path, switched);
                return (switched, current);
            }

            return replacement is { } wanted && wanted.Serial.AsSpan().SequenceEqual(ParsedCertificate.Parse(existing.RawDataMemory).SerialNumber.Span)
                ? await ReplaceAsync(root, existing, wanted, cancellationToken)
                : (existing, Matching(existing, current));
        }

        var key = CaKeys.LoadOrCreate(CaFiles.IntermediateKey(_folder), KeyKind.P256, _passwords);
        var intermediate = await FindAsync(key, Profiles.Intermediate, cancellationToken)
            ?? await SignIntermediateAsync(root, key, cancellationToken);
        Write(path, intermediate);
        return (intermediate, key);
    }

    /// <summary>Until the last two steps everything is as before; each step finds what it did in an attempt before.</summary>
    private async Task<(X509Certificate2 Certificate, CaKey Key)> ReplaceAsync(
        X509Certificate2 root, X509Certificate2 former, IntermediateReplacement replacement, CancellationToken cancellationToken)
    {
        var (keyPath, nextPath) = (CaFiles.IntermediateKey(_folder), CaFiles.IntermediateKey(_folder) + ".next");
        RequireRootKey("The Intermediate CA can't be replaced");
        EarlierIntermediates.Keep(_folder, former, keyPath);
        var key = CaKeys.LoadOrCreate(nextPath, KeyKind.P256, _passwords);
        var intermediate = await FindAsync(key, Profiles.Intermediate, cancellationToken) ?? await SignIntermediateAsync(root, key, cancellationToken);
        if (replacement.IsCompromised)
        {
            await _store.RevokeAsync(
                new Revocation { Serial = replacement.Serial, ReasonCode = RevocationReason.CaCompromise, Reason = "replaced", By = "system" }, _time.GetUtcNow(), cancellationToken);
        }

        await _audit.AppendAsync(
            new AuditEntry(
                "system", "ca.intermediate_replaced", _options.IntermediateCommonName,
                AuditDetails.Of(
                    ("former", SerialNumber.ToHex(replacement.Serial)), ("serial", SerialNumber.ToHex(intermediate.SerialNumberBytes.Span)),
                    ("why", replacement.IsCompromised ? "compromised" : "superseded"))),
            cancellationToken);
        File.Move(nextPath, keyPath, overwrite: true);
        Write(CaFiles.IntermediateCertificate(_folder), intermediate);
        return (intermediate, key);
    }

    private async Task<X509Certificate2?> FindNewestIntermediateAsync(CaKey key, CancellationToken cancellationToken) =>
        (await _store.ListAsync(new CertificateQuery { Profile = Profiles.Intermediate.Name, Limit = 1 }, cancellationToken)).Items is [var newest]
            && X509CertificateLoader.LoadCertificate(newest.Der) is var certificate && IsOf(certificate, key)
            ? certificate
            : null;

    private void RequireRootKey(string what)
    {
        if (!new CaKeyFile(CaFiles.RootKey(_folder)).Exists)
        {
            throw new StartupException($"{what}: the root key that has to sign is not at {CaFiles.RootKey(_folder)}. Put the exported root key back there for this start.");
        }
    }

    private async Task<X509Certificate2> SignIntermediateAsync(X509Certificate2 root, CaKey key, CancellationToken cancellationToken)
    {
        RequireRootKey("There is no intermediate certificate");
        var signer = Root(root);
        var prepared = signer.Prepare(Template(Profiles.Intermediate, key, _options.IntermediateCommonName, signer.Issuer.NotAfter));
        var issuer = new AcceptedIssuer(root);
        await _store.IntendAsync(
            new Intent(prepared.SerialNumber, _options.IntermediateCommonName, Profiles.Intermediate.Name, issuer.CommonName, SHA256.HashData(prepared.TbsCertificate.Span), "system", IdempotencyKey: null),
            _time.GetUtcNow(),
            cancellationToken);
        var der = Bytes.ToArray(signer.Issue(prepared).Der);
        await StoreAsync(der, Profiles.Intermediate, _options.IntermediateCommonName, issuer, key);
        return X509CertificateLoader.LoadCertificate(der);
    }

    /// <summary>
    /// The root's CRL, for verifiers that want one of every issuer. The root key is rarely there, so it lasts a year; a start that finds the key
    /// signs another one when it is a month old, or when something was revoked since. The newest is in the data folder, too, for this host's own clients.
    /// </summary>
    public async Task EnsureRevocationListAsync(X509Certificate2 root, CancellationToken cancellationToken)
    {
        var issuer = new AcceptedIssuer(root);
        var now = _time.GetUtcNow();
        // Also those that have expired: whoever has seen one in a list takes no list without it.
        var since = DateTimeOffset.MinValue;
        var hasKey = new CaKeyFile(CaFiles.RootKey(_folder)).Exists;
        IReadOnlyList<RevokedSerial> revoked = hasKey ? await _lists.RevokedAsync(issuer.KeyId, since, cancellationToken) : [];
        // Of a database that was restored from before a replacement, the list on disk knows more.
        var seen = CaFiles.RootRevocationList(_folder).TryLoad(root);
        var (list, mark) = await _lists.FindAsync(issuer.KeyId, shard: null, known: null, cancellationToken);
        if (hasKey && !(list is not null && IsCurrent(list, mark)))
        {
            list = await _lists.ReplaceAsync(IssuerInfo.FromCertificate(root), shard: null, now, since, IsCurrent, goesOn: _ => false, Sign, cancellationToken);
        }

        if (list is { Der.Length: > 0 })
        {
            CaFiles.RootRevocationList(_folder).Keep(RevokedIntermediates.Parse(list.Der, root), root);
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
            return (order.NextUpdate, Root(root).SignRevocationList(order));
        }
    }

    private CaSigner Root(X509Certificate2 root) =>
        _root ??= new CaSigner(X509CertificateLoader.LoadCertificate(root.RawData), Matching(root, CaKeys.Load(CaFiles.RootKey(_folder), _passwords)));

    private CertificateTemplate Template(CertificateProfile profile, CaKey key, string commonName, DateTimeOffset? notAfter)
    {
        var now = _time.GetUtcNow();
        var end = now + profile.DefaultLifetime;
        return new CertificateTemplate
        {
            Profile = profile,
            SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
            Key = key.Kind,
            Names = new SubjectNames { CommonName = commonName },
            NotBefore = now - CertificateProfile.Backdate,
            NotAfter = notAfter < end ? notAfter.Value : end,
        };
    }

    private async Task StoreAsync(byte[] der, CertificateProfile profile, string subject, AcceptedIssuer issuer, CaKey key)
    {
        var parsed = ParsedCertificate.Parse(der);
        var outcome = await _ledger.StoreAsync(new LedgerEntry
        {
            Serial = parsed.SerialNumber.ToArray(),
            Subject = subject,
            Sans = "",
            Issuer = issuer.CommonName,
            IssuerKeyId = issuer.KeyId,
            Profile = profile.Name,
            Provisioner = "self",
            Requester = "system",
            PublicKeySha256 = SHA256.HashData(key.SubjectPublicKeyInfo),
            NotBefore = parsed.NotBefore,
            NotAfter = parsed.NotAfter,
            Der = der,
            Details = CertificateAudit.Of(parsed.SerialNumber.Span, profile.Name, der, issuer.KeyId),
        });
        if (outcome.Status != LedgerStatus.Stored)
        {
            throw new InvalidOperationException("A CA certificate could not be stored.");
        }
    }

    private async Task<X509Certificate2?> FindAsync(CaKey key, CertificateProfile profile, CancellationToken cancellationToken) =>
        await _store.FindByKeyAsync(SHA256.HashData(key.SubjectPublicKeyInfo), profile, cancellationToken) is { } record
            ? X509CertificateLoader.LoadCertificate(record.Der)
            : null;

    /// <summary>A second root in one database would be a second CA under one history.</summary>
    private async Task RefuseForeignDatabaseAsync(CancellationToken cancellationToken)
    {
        var roots = await _store.ListAsync(new CertificateQuery { Profile = Profiles.Root.Name, Limit = 1 }, cancellationToken);
        if (roots.Items.Count > 0)
        {
            throw new StartupException($"This database belongs to a CA whose files are not in {_folder.Path}. Restore certs/ and secrets/ from the backup, or use an empty database.");
        }
    }

    private static X509Certificate2? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return Pem.ParseCertificate(File.ReadAllText(path, Encoding.ASCII));
        }
        catch (PkiException e)
        {
            throw new StartupException($"{path} is not a certificate: {e.Message} Restore it from the backup.");
        }
    }

    private static void Write(string path, X509Certificate2 certificate)
    {
        Folders.EnsureFor(path);
        AtomicFile.WriteText(path, Pem.Certificate(certificate.RawDataMemory.Span), AtomicFile.Public);
    }

    private static bool IsOf(X509Certificate2 certificate, CaKey key) => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.SubjectPublicKeyInfo);

    private static CaKey Matching(X509Certificate2 certificate, CaKey key) =>
        IsOf(certificate, key)
            ? key
            : throw new StartupException($"The CA key in the data folder is not the key of '{certificate.Subject}'. Restore key and certificate from the same backup.");
}
