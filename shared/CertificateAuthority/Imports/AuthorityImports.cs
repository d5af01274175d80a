using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Takes the place of another authority: its issuer, then what that has issued and revoked, in batches of a transaction each. What came in before is known and stays as it is.</summary>
public sealed class AuthorityImports : IGuarded
{
    /// <summary>At once.</summary>
    public const int MaxCertificates = 500;
    public const int MaxBytes = 8 << 20;

    private const int MostNames = 100;

    private readonly Authority _authority;
    private readonly IssuerStore _issuers;
    private readonly ProvisionerRegistry _registry;
    private readonly CaPasswords _passwords;

    internal AuthorityImports(Authority authority, IssuerStore issuers, ProvisionerRegistry registry, CaPasswords passwords) =>
        (_authority, _issuers, _registry, _passwords) = (authority, issuers, registry, passwords);

    public static string Policy => Policies.Admin;

    public ImportedIssuerList List() => new() { Items = [.. _authority.Active.Own.Where(issuer => issuer.IsImported).Select(View)] };

    /// <summary>
    /// It serves in this process when this returns, and in the others with its commit. Throws 400 for a chain or key that can't be used, in the words of <see cref="PkiError"/>; 409 <c>own_issuer</c>,
    /// <c>key_id_taken</c>, <c>issuer_without_key</c>, <c>issuer_compromised</c> and <c>too_many_issuers</c>.
    /// </summary>
    public async Task<ImportedIssuerView> AddIssuerAsync(ImportIssuerRequest request, string by, CancellationToken cancellationToken)
    {
        try
        {
            var chain = CertificateChain.ParsePem(request.Chain);
            using var key = request.Key is { } pem ? ForeignKeyPem.Read(pem, request.Password) : null;
            var names = NamesOf(request);
            var there = Check(chain, key);
            if (there is { IsImported: true } && there.Chain.Pem == chain.Pem && (key is null || there.Signer is not null) && names.TrueForAll(there.Names.Contains)
                && (!request.Issue || there.Refusal(_authority.Time.GetUtcNow()) is null))
            {
                return View(there);
            }

            var issuer = new AcceptedIssuer(chain.Issuer);
            var keyId = Convert.ToHexStringLower(issuer.KeyId);
            var encrypted = key is null ? null : EncryptedKeyPem.Encrypt(key, _passwords.Authority.Value, _passwords.Authority.Rounds);
            await _issuers.SaveAsync(
                keyId, issuer.CommonName, row => Merged(row, keyId, chain, encrypted, names, request.Issue),
                row => new AuditEntry(
                    by, "issuer.imported", issuer.CommonName,
                    AuditDetails.Of(("issuer", row.Name), ("root", Fingerprint.Of(chain.Root)), ("issuer_key_id", keyId), ("key", row.Key is not null), ("state", row.State))),
                cancellationToken);
            await _registry.ReloadAsync(cancellationToken);
            return View(_authority.Active.OwnOf(issuer.KeyId) ?? throw new InvalidOperationException("The issuer was stored and is not there."));
        }
        catch (PkiException e)
        {
            throw PkiProblems.From(e);
        }
    }

    /// <summary>Throws 404 <c>no_such_issuer</c>, and 409 <c>issuer_compromised</c>: what has its signature may be anybody's.</summary>
    public async Task<ImportResult> AddCertificatesAsync(ImportCertificatesRequest request, string by, CancellationToken cancellationToken)
    {
        if (request.Items.Count > MaxCertificates)
        {
            throw new ProblemException(400, "too_many", $"At most {MaxCertificates} certificates are taken at once.");
        }

        var issuer = _authority.Active.Own.FirstOrDefault(known => known.IsImported && known.KeyId == request.Issuer)
            ?? throw new ProblemException(404, "no_such_issuer", $"There is no imported issuer {request.Issuer}.");
        if (issuer.IsCompromised)
        {
            throw IssuerStore.Compromised(issuer.Name);
        }

        var now = _authority.Time.GetUtcNow();
        var rows = new List<ImportedRow>(request.Items.Count);
        var refused = new List<ImportRefusal>();
        foreach (var item in request.Items)
        {
            var (row, serial, refusal) = ImportedRows.Read(item, issuer.Issuer, now);
            if (row is null)
            {
                refused.Add(new ImportRefusal { Serial = serial, Reason = refusal! });
            }
            else
            {
                rows.Add(row);
            }
        }

        var stored = await _authority.Store.ImportAsync(rows, issuer.Issuer, _authority.Options.Tenant, by, now, cancellationToken);
        refused.AddRange(stored.Taken.Select(serial => new ImportRefusal { Serial = SerialNumber.ToDecimal(serial), Reason = "serial_taken" }));
        return new ImportResult { Imported = stored.Imported, Known = stored.Known, Revoked = stored.Revoked, Refused = refused };
    }

    /// <summary>The one of the same key that is there; null: none is.</summary>
    private OwnIssuer? Check(CertificateChain chain, CaKey? key)
    {
        IssuerStore.RequireUsable(chain);
        var info = IssuerInfo.FromCertificate(chain.Issuer);
        if (key is not null && !info.SubjectPublicKeyInfo.Span.SequenceEqual(key.SubjectPublicKeyInfo))
        {
            throw new PkiException(PkiError.KeyMismatch, "The CA key is not the key of the CA certificate.");
        }

        var active = _authority.Active;
        if (active.IsOfSet(chain.Issuer))
        {
            throw IsOwn();
        }

        return active.IsOfAnotherUpstream(chain.Issuer) ? throw IssuerStore.KeyIdTaken() : active.OwnOf(info.SubjectKeyIdentifier.Span);
    }

    /// <summary>Names that clients once used stay, and so does the key.</summary>
    private IssuerRow Merged(IssuerRow? there, string keyId, CertificateChain chain, string? key, List<string> names, bool issues)
    {
        if (there is { IsImported: false })
        {
            throw IsOwn();
        }

        if (there is not null && !HasKeyOf(IssuerInfo.FromCertificate(CertificateChain.ParsePem(there.Chain!).Issuer), chain))
        {
            throw IssuerStore.KeyIdTaken();
        }

        var row = (there ?? new IssuerRow("", keyId, Chain: null, Key: null, "", IsImported: true, IssuerState.Renewing, _authority.Time.GetUtcNow())) with { Chain = chain.Pem };
        row = row with { Key = key ?? row.Key, DnsNames = string.Join('\n', Bounded([.. row.Names.Union(names, StringComparer.Ordinal)])), State = issues ? IssuerState.Issuing : row.State };
        if (issues && row.CompromisedAt is not null)
        {
            throw IssuerStore.Compromised(row.Name);
        }

        return issues && row.Key is null ? throw IssuerStore.WithoutKey(chain.Issuer.GetNameInfo(X509NameType.SimpleName, forIssuer: false)) : row;
    }

    private static bool HasKeyOf(IssuerInfo known, CertificateChain chain) => known.SubjectPublicKeyInfo.Span.SequenceEqual(IssuerInfo.FromCertificate(chain.Issuer).SubjectPublicKeyInfo.Span);

    private static ProblemException IsOwn() => new(409, "own_issuer", "This is an issuer of this authority itself.");


    private static List<string> NamesOf(ImportIssuerRequest request) =>
        Bounded([.. request.Names.Where(name => Uri.CheckHostName(name) == UriHostNameType.Dns).Select(name => name.ToLowerInvariant()).Distinct(StringComparer.Ordinal)]);

    private static List<string> Bounded(List<string> names) =>
        names.Count <= MostNames ? names : throw new ProblemException(400, "too_many", $"At most {MostNames} names are taken of an issuer.");

    private static ImportedIssuerView View(OwnIssuer issuer) => new()
    {
        Id = issuer.KeyId,
        Issuer = issuer.Name,
        Name = issuer.Issuer.CommonName,
        RootFingerprint = issuer.RootFingerprint,
        NotAfter = issuer.Issuer.Info.NotAfter,
        HasKey = issuer.Signer is not null,
        Names = issuer.Names,
    };
}
