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
    private readonly RootRevocationList _rootList;
    private readonly ExternalRoot? _external;
    private CertificateChain? _certified;
    private CaSigner? _root;

    public CaCeremony(DataFolder folder, CaPasswords passwords, CertificateAuthorityOptions options, NpgsqlDataSource database, TimeProvider time, ILoggerFactory logs)
    {
        _folder = folder;
        _passwords = passwords;
        _options = options;
        _time = time;
        _store = new CertificateStore(database);
        _audit = new AuditLog(database);
        _external = options.ExternalRoot is { } external ? new ExternalRoot(external, folder, time) : null;
        _rootList = new RootRevocationList(folder, new RevocationListStore(database), isExternal: _external is not null, time, logs.CreateLogger<RootRevocationList>());
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
            return _external?.Expected(existing) ?? existing;
        }

        if (_external is not null)
        {
            return await AdoptRootAsync(path, _external, cancellationToken);
        }

        if (!new CaKeyFile(CaFiles.RootKey(_folder)).Exists)
        {
            await RefuseForeignDatabaseAsync(cancellationToken);
            // The key of an own root is there before any other.
            if (new CaKeyFile(CaFiles.IntermediateKey(_folder)).Exists)
            {
                throw new StartupException(
                    $"{CaFiles.IntermediateKey(_folder)} is there and no root: this data folder was begun below a root of others. Set {Upstream.UpstreamSettings.Root.Fingerprint} and what goes with it, or begin with an empty one.");
            }
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
            await StoreAsync(root.RawData, Profiles.Root, _options.RootCommonName, new AcceptedIssuer(root));
        }

        _root = new CaSigner(X509CertificateLoader.LoadCertificate(root.RawData), key);
        Write(path, root);
        return root;
    }

    /// <summary>It comes along with the first certificate for the Intermediate CA's key, and is no certificate of this authority's: the ledger has the Intermediate CA alone.</summary>
    private async Task<X509Certificate2> AdoptRootAsync(string path, ExternalRoot external, CancellationToken cancellationToken)
    {
        if (new CaKeyFile(CaFiles.RootKey(_folder)).Exists)
        {
            throw new StartupException($"{CaFiles.RootKey(_folder)} is there: this data folder was begun with a root of its own. Begin with an empty one, or without {Upstream.UpstreamSettings.Root.Fingerprint}.");
        }

        if (!new CaKeyFile(CaFiles.IntermediateKey(_folder)).Exists)
        {
            await RefuseForeignDatabaseAsync(cancellationToken);
        }

        var key = CaKeys.LoadOrCreate(CaFiles.IntermediateKey(_folder), KeyKind.P256, _passwords);
        if (await FindAsync(key, Profiles.Intermediate, cancellationToken) is null)
        {
            await RefuseForeignDatabaseAsync(cancellationToken);
        }

        _certified = await external.CertifyAsync(key, _options.IntermediateCommonName, cancellationToken);
        await _audit.AppendAsync(new AuditEntry("system", "ca.root_adopted", Fingerprint.Of(_certified.Root)), cancellationToken);
        Write(path, _certified.Root);
        return _certified.Root;
    }

    public async Task<(X509Certificate2 Certificate, CaKey Key)> EnsureIntermediateAsync(X509Certificate2 root, IntermediateReplacement? replacement, CancellationToken cancellationToken)
    {
        var path = CaFiles.IntermediateCertificate(_folder);
        if (Read(path) is { } existing)
        {
            await RecordAsync(root, existing, cancellationToken);
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
        await RecordAsync(root, intermediate, cancellationToken);
        return (intermediate, key);
    }

    /// <summary>
    /// A database that was begun anew after the loss of the one before knows neither: an own root that is not on record counts as one of others, and an Intermediate CA that is not can't be revoked.
    /// By what is there and not by how it was started, so that a start that was cut off is made good by the next one. What the ledger refuses (its key was revoked since) hinders no start.
    /// </summary>
    private async Task RecordAsync(X509Certificate2 root, X509Certificate2 intermediate, CancellationToken cancellationToken)
    {
        // Of files of two CAs nothing goes on record.
        RootAndIntermediate.Chain(intermediate, root);
        var issuer = new AcceptedIssuer(root);
        // A second root would be a second CA under one history.
        if (IsOwn(root) && !await HasAnyAsync(Profiles.Root, cancellationToken))
        {
            await _ledger.StoreAsync(Entry(root.RawData, Profiles.Root, _options.RootCommonName, issuer, isFromBefore: true));
        }

        if (await _store.FindAsync(SerialOf(intermediate), cancellationToken) is null)
        {
            await _ledger.StoreAsync(Entry(intermediate.RawData, Profiles.Intermediate, _options.IntermediateCommonName, issuer, isFromBefore: true));
        }
    }

    /// <summary>By the data folder alone: a root of others has left its answer there, and looks otherwise than the one that is made here.</summary>
    private bool IsOwn(X509Certificate2 root) =>
        !File.Exists(CaFiles.SignedIntermediate(_folder)) && ParsedCertificate.Parse(root.RawDataMemory) is var parsed
        && parsed.PathLength == Profiles.Root.PathLength && parsed.Names.CommonName == _options.RootCommonName;

    /// <summary>Until the last two steps everything is as before; each step finds what it did in an attempt before.</summary>
    private async Task<(X509Certificate2 Certificate, CaKey Key)> ReplaceAsync(
        X509Certificate2 root, X509Certificate2 former, IntermediateReplacement replacement, CancellationToken cancellationToken)
    {
        var keyPath = CaFiles.IntermediateKey(_folder);
        var (nextPath, otherPath) = replacement.IsCompromised ? (keyPath + ".next-compromised", keyPath + ".next") : (keyPath + ".next", keyPath + ".next-compromised");
        if (_external is null)
        {
            await RequireRootKeyAsync("The Intermediate CA can't be replaced", root, cancellationToken);
        }
        else if (replacement.IsCompromised && (await _rootList.NewestAsync(root, cancellationToken))?.Contains(former) != true)
        {
            throw new StartupException(
                $"The root's revocation list does not name {SerialNumber.ToHex(replacement.Serial)}: nobody would know that it is compromised. Put one that does into {_rootList.Path}, with a higher number than that before it and all that that one names (docs/external-root.md).");
        }

        // Whoever took the key in use took one that an attempt of before has left behind, too.
        File.Delete(otherPath);
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

    private async Task RequireRootKeyAsync(string what, X509Certificate2 root, CancellationToken cancellationToken)
    {
        if (new CaKeyFile(CaFiles.RootKey(_folder)).Exists)
        {
            return;
        }

        // After a lost database the root is on record again only once there is an Intermediate CA below it.
        throw new StartupException(!IsOwn(root) && await _store.FindAsync(SerialOf(root), cancellationToken) is null
            ? $"{what}: a root of others has to sign. Set {Upstream.UpstreamSettings.Root.Fingerprint} and what goes with it for this start (docs/external-root.md)."
            : $"{what}: the root key that has to sign is not at {CaFiles.RootKey(_folder)}. Put the exported root key back there for this start.");
    }

    private async Task<X509Certificate2> SignIntermediateAsync(X509Certificate2 root, CaKey key, CancellationToken cancellationToken)
    {
        if (_external is not null)
        {
            var chain = _certified is { } known && IsOf(known.Issuer, key) ? known : await _external.CertifyAsync(key, _options.IntermediateCommonName, cancellationToken);
            await StoreAsync(chain.Issuer.RawData, Profiles.Intermediate, _options.IntermediateCommonName, new AcceptedIssuer(root));
            return chain.Issuer;
        }

        await RequireRootKeyAsync("There is no intermediate certificate", root, cancellationToken);
        var signer = Root(root);
        var prepared = signer.Prepare(Template(Profiles.Intermediate, key, _options.IntermediateCommonName, signer.Issuer.NotAfter));
        var issuer = new AcceptedIssuer(root);
        await _store.IntendAsync(
            new Intent(prepared.SerialNumber, _options.IntermediateCommonName, Profiles.Intermediate.Name, issuer.CommonName, SHA256.HashData(prepared.TbsCertificate.Span), "system", IdempotencyKey: null),
            _time.GetUtcNow(),
            cancellationToken);
        var der = Bytes.ToArray(signer.Issue(prepared).Der);
        await StoreAsync(der, Profiles.Intermediate, _options.IntermediateCommonName, issuer);
        return X509CertificateLoader.LoadCertificate(der);
    }

    /// <summary>For verifiers that want a list of every issuer.</summary>
    public Task EnsureRevocationListAsync(X509Certificate2 root, X509Certificate2 intermediate, CancellationToken cancellationToken) =>
        _rootList.EnsureAsync(root, intermediate, () => Root(root), cancellationToken);

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

    private async Task StoreAsync(byte[] der, CertificateProfile profile, string subject, AcceptedIssuer issuer)
    {
        var outcome = await _ledger.StoreAsync(Entry(der, profile, subject, issuer, isFromBefore: false));
        if (outcome.Status != LedgerStatus.Stored)
        {
            throw new InvalidOperationException("A CA certificate could not be stored.");
        }
    }

    private static LedgerEntry Entry(byte[] der, CertificateProfile profile, string subject, AcceptedIssuer issuer, bool isFromBefore)
    {
        var parsed = ParsedCertificate.Parse(der);
        return new LedgerEntry
        {
            Serial = parsed.SerialNumber.ToArray(),
            Subject = subject,
            Sans = "",
            Issuer = issuer.CommonName,
            IssuerKeyId = issuer.KeyId,
            Profile = profile.Name,
            Provisioner = "self",
            Requester = "system",
            PublicKeySha256 = SHA256.HashData(parsed.SubjectPublicKeyInfo.Span),
            NotBefore = parsed.NotBefore,
            NotAfter = parsed.NotAfter,
            Der = der,
            Details = CertificateAudit.Of(parsed.SerialNumber.Span, profile.Name, der, issuer.KeyId),
            IsFromBefore = isFromBefore,
        };
    }

    private static byte[] SerialOf(X509Certificate2 certificate) => ParsedCertificate.Parse(certificate.RawDataMemory).SerialNumber.ToArray();

    private async Task<bool> HasAnyAsync(CertificateProfile profile, CancellationToken cancellationToken) =>
        (await _store.ListAsync(new CertificateQuery { Profile = profile.Name, Limit = 1 }, cancellationToken)).Items.Count > 0;

    private async Task<X509Certificate2?> FindAsync(CaKey key, CertificateProfile profile, CancellationToken cancellationToken) =>
        await _store.FindByKeyAsync(SHA256.HashData(key.SubjectPublicKeyInfo), profile, cancellationToken) is { } record
            ? X509CertificateLoader.LoadCertificate(record.Der)
            : null;

    /// <summary>A second root in one database would be a second CA under one history. Of a root of others the database has the Intermediate CA alone.</summary>
    private async Task RefuseForeignDatabaseAsync(CancellationToken cancellationToken)
    {
        foreach (var profile in (CertificateProfile[])[Profiles.Root, Profiles.Intermediate])
        {
            if (await HasAnyAsync(profile, cancellationToken))
            {
                throw new StartupException($"This database belongs to a CA whose files are not in {_folder.Path}. Restore certs/ and secrets/ from the backup, or use an empty database.");
            }
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
