using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Issues, renews and revokes. Every answer is given after the commit that stores it. Refusals are <c>ProblemException</c>:
/// 400 with the snake-case name of the <see cref="PkiError"/> (profile, lint, names, key), 401 <c>token_used</c>,
/// <c>certificate_revoked</c>, <c>certificate_on_hold</c>, <c>certificate_refused</c>, 403 <c>subject_revoked</c>, <c>key_revoked</c>, <c>lineage_revoked</c>, <c>other_profile</c>, 409 <c>idempotency_conflict</c>,
/// 429 <c>certificate_quota</c>, <c>tenant_certificate_quota</c>, <c>certificate_budget</c>, 503 <c>database_unavailable</c>, <c>overloaded</c>, <c>issuer_unavailable</c>.
/// Don't call it inside a transaction of your own that has appended to the audit log: the ledger waits for the same lock.
/// </summary>
public sealed class Authority
{
    private readonly CertificateStore _store;
    private readonly IssuanceLedger _ledger;
    private readonly CertificateAuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _changing = new();
    private volatile ActiveIssuers _issuers;
    private volatile Func<ProblemException>? _refusal;

    internal Authority(IssuerSet issuers, CertificateStore store, IssuanceLedger ledger, CertificateAuthorityOptions options, TimeProvider time)
    {
        _issuers = new ActiveIssuers(issuers, [], options.Upstream?.RootFingerprint, own: []);
        _store = store;
        _ledger = ledger;
        _options = options;
        _time = time;
    }

    /// <summary>After <see cref="UseIssuers"/>.</summary>
    internal event Action? IssuersChanged;

    /// <summary>The active issuer first, the root last.</summary>
    public CertificateChain Chain => _issuers.Set.Chain;

    public IssuerSet Issuers => _issuers.Set;

    /// <summary>SHA-256 of the root, lower-case hex.</summary>
    public string RootFingerprint => _issuers.RootFingerprint;

    internal ActiveIssuers Active => _issuers;

    internal CertificateAuthorityOptions Options => _options;

    /// <summary>Signs leaves in this authority's place; null: none does.</summary>
    internal UpstreamIssuer? Upstream { get; init; }

    internal CertificateStore Store => _store;

    internal TimeProvider Time => _time;

    public Task<IssuedCertificate> IssueAsync(IssueRequest request, CancellationToken cancellationToken)
    {
        var issuers = _issuers;
        return request.Issuer is not { } name ? IssueAsync(request, issuers, issuers.Set.Active, cancellationToken)
            // Everything else of the platform's is of the stack's own issuer.
            : request.Profile.Name != Profiles.Leaf.Name ? throw new InvalidOperationException($"The issuer {name} signs leaves, and no {request.Profile.Name}.")
            : IssueAsync(request, issuers, issuers.SignerOf(name, _time.GetUtcNow()), cancellationToken);
    }

    /// <summary>From one of <see cref="ActiveIssuers.Revokers"/>: an earlier issuer certifies nothing but who answers for its revocations.</summary>
    internal Task<IssuedCertificate> IssueOcspResponderAsync(IssueRequest request, CaSigner signer, CancellationToken cancellationToken) =>
        IssueAsync(request with { Profile = Profiles.OcspResponder }, _issuers, signer, cancellationToken);

    /// <summary>From one of <see cref="ActiveIssuers.Own"/>, or the root.</summary>
    internal Task<IssuedCertificate> IssueByAsync(IssueRequest request, CaSigner signer, CancellationToken cancellationToken) => IssueAsync(request, _issuers, signer, cancellationToken);

    /// <summary>What is known of a client certificate, for a renewal or a login; one read. Throws 401 <c>certificate_refused</c>, <c>certificate_revoked</c>, <c>certificate_on_hold</c>.</summary>
    public Task<KnownCertificate> IdentifyAsync(X509Certificate2 certificate, CancellationToken cancellationToken) =>
        KnownCertificate.ReadAsync(certificate, this, TimeSpan.Zero, cancellationToken);

    /// <summary>The same for a renewal and nothing else: of a certificate that ended less than the grace ago as well. What was revoked stays out.</summary>
    public Task<KnownCertificate> IdentifyForRenewalAsync(X509Certificate2 certificate, TimeSpan grace, CancellationToken cancellationToken) =>
        KnownCertificate.ReadAsync(certificate, this, grace, cancellationToken);

    /// <summary>
    /// Only a certificate of the profile given, which is known before anything is signed; in the commit the ledger refuses what was revoked meanwhile.
    /// Whether its owner may have another one is the feature's to say that owns the profile: see <see cref="IProfileRenewal"/>.
    /// </summary>
    public Task<IssuedCertificate> RenewAsync(CertificateRenewal renewal, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var issuers = _issuers;
        LeafVerifier.Verify(renewal.Current.Certificate, issuers, now, renewal.Current.Grace);
        var signer = issuers.RenewerOf(renewal.Current.Leaf.Parsed.AuthorityKeyIdentifier.GetValueOrDefault().Span, renewal.Issuer, now);
        return Upstream is { } upstream && renewal.Current.Leaf.Parsed.AuthorityKeyIdentifier is { } issuer && issuers.UpstreamOf(issuer.Span) is not null
            ? RenewUpstreamAsync(upstream, renewal, issuers, now, cancellationToken)
            : SignAsync(issuers, signer, RenewalOrder.Create(renewal, signer.Issuer, _options, now), cancellationToken);
    }

    public Task<RevocationOutcome> RevokeAsync(Revocation revocation, CancellationToken cancellationToken) =>
        _store.RevokeAsync(revocation, _time.GetUtcNow(), cancellationToken);

    /// <summary>In the connection's transaction, after every other lock: it appends to the audit log.</summary>
    public Task<RevocationOutcome> RevokeAsync(Revocation revocation, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.RevokeAsync(connection, revocation, _time.GetUtcNow(), cancellationToken);

    public Task<ReleaseOutcome> ReleaseAsync(Release release, CancellationToken cancellationToken) => _store.ReleaseAsync(release, _time.GetUtcNow(), cancellationToken);

    /// <summary>The certificates this call revoked. In the connection's transaction, after every other lock.</summary>
    public Task<IReadOnlyList<byte[]>> RevokeSubjectAsync(SubjectRevocation revocation, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.RevokeSubjectAsync(connection, revocation, _time.GetUtcNow(), cancellationToken);

    /// <summary>False if it was not on hold. In the connection's transaction, after every other lock.</summary>
    public Task<bool> ReleaseSubjectAsync(SubjectRelease release, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.ReleaseSubjectAsync(connection, release, _time.GetUtcNow(), cancellationToken);

    /// <summary>False if it was not revoked. In the connection's transaction, after every other lock.</summary>
    public Task<bool> ReinstateSubjectAsync(SubjectReinstatement reinstatement, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.ReinstateSubjectAsync(connection, reinstatement, cancellationToken);

    /// <summary>The certificates this call revoked. In the connection's transaction, after every other lock.</summary>
    public Task<IReadOnlyList<byte[]>> RevokeTenantAsync(TenantRevocation revocation, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.RevokeTenantAsync(connection, revocation, _time.GetUtcNow(), cancellationToken);

    /// <summary>In a transaction of its own, as is that of a profile.</summary>
    public Task<IReadOnlyList<byte[]>> RevokeKeyAsync(KeyRevocation revocation, CancellationToken cancellationToken) => _store.RevokeKeyAsync(revocation, _time.GetUtcNow(), cancellationToken);

    /// <summary>Whether this key gets no certificate any more: for what would be spent on a refused one. In the connection's transaction.</summary>
    public Task<bool> IsKeyRevokedAsync(byte[] publicKeySha256, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.IsKeyRevokedAsync(connection, publicKeySha256, cancellationToken);

    /// <summary>The certificates this call revoked. In the connection's transaction, after every other lock.</summary>
    public Task<IReadOnlyList<byte[]>> RevokeIssuerAsync(IssuerRevocation revocation, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.RevokeIssuerAsync(connection, revocation, _time.GetUtcNow(), cancellationToken);

    public Task<IReadOnlyList<byte[]>> RevokeProfileAsync(ProfileRevocation revocation, CancellationToken cancellationToken) =>
        _store.RevokeProfileAsync(revocation, _time.GetUtcNow(), cancellationToken);

    /// <summary>The certificates this call revoked. In the connection's transaction, after every other lock.</summary>
    public Task<IReadOnlyList<byte[]>> RevokeSubjectsAsync(SubjectsRevocation revocation, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Revocations.RevokeSubjectsAsync(connection, revocation, _time.GetUtcNow(), cancellationToken);

    /// <summary>How many certificates are meant, and whose.</summary>
    public Task<CertificateCensus> CountAsync(CertificateSelection selection, CancellationToken cancellationToken) => _store.CountAsync(selection, _time.GetUtcNow(), cancellationToken);

    /// <summary>The Sub-CAs that a verifier must not accept any more. In the connection's transaction.</summary>
    public Task<IReadOnlyList<RevokedSerial>> RevokedSubCasAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        TenantCertificateRows.RevokedSubCasAsync(connection, _time.GetUtcNow(), cancellationToken);

    /// <summary>What happened to a tenant's certificates before that audit entry, newest first. In the connection's transaction.</summary>
    public Task<IReadOnlyList<RecordedOperation>> HistoryAsync(string tenant, long before, int limit, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        TenantCertificateRows.HistoryAsync(connection, tenant, before, limit, cancellationToken);

    /// <summary>Whether one of these issuers, by subject key identifier, has a certificate that is neither expired, revoked nor renewed, of another profile than those.</summary>
    public Task<bool> IsIssuerInUseAsync(byte[][] issuerKeyIds, IEnumerable<CertificateProfile> except, CancellationToken cancellationToken) =>
        _store.IsIssuerInUseAsync(issuerKeyIds, except, _time.GetUtcNow(), cancellationToken);

    /// <summary>Those keys of which a certificate of this profile was revoked because the key, or what was said of it, can't be trusted (<see cref="RevocationReasons.LeavesKeyTrusted"/>).</summary>
    public Task<IReadOnlyList<byte[]>> DistrustedKeysAsync(IReadOnlyList<byte[]> publicKeysSha256, CertificateProfile profile, CancellationToken cancellationToken) =>
        _store.DistrustedKeysAsync(publicKeysSha256, profile, cancellationToken);

    public Task<CertificateRecord?> FindAsync(byte[] serial, CancellationToken cancellationToken) => _store.FindAsync(serial, cancellationToken);

    /// <summary>The newest with this key (SHA-256 of the SubjectPublicKeyInfo) and profile, ended and revoked ones included.</summary>
    public Task<CertificateRecord?> FindByKeyAsync(byte[] publicKeySha256, CertificateProfile profile, CancellationToken cancellationToken) =>
        _store.FindByKeyAsync(publicKeySha256, profile, cancellationToken);

    public Task<CertificatePage> ListAsync(CertificateQuery query, CancellationToken cancellationToken) => _store.ListAsync(query, cancellationToken);

    /// <summary>From now on every order is refused so, but for the host's own certificates; null: no longer.</summary>
    public void RefuseOrders(Func<ProblemException>? refusal) => _refusal = refusal;

    /// <summary>For what has to be known before something is spent on an order.</summary>
    public void ThrowIfRefusing()
    {
        if (_refusal is { } refusal)
        {
            throw refusal();
        }
    }

    /// <summary>False if it has been spent before, in whichever process.</summary>
    public Task<bool> SpendAsync(UsedToken token, CancellationToken cancellationToken) => _store.SpendAsync(token, cancellationToken);

    /// <summary>A list of revoked Sub-CAs, under the active issuer's key.</summary>
    public RevokedSubCas SignRevokedSubCas(RevocationListOrder order) => _issuers.Set.Active.SignRevokedSubCas(order);

    /// <summary>Switches to other issuers between two certificates. An order already being signed keeps the issuer it started with.</summary>
    public void UseIssuers(IssuerSet issuers)
    {
        lock (_changing)
        {
            _issuers = new ActiveIssuers(issuers, _issuers.Known, _options.Upstream?.RootFingerprint, _issuers.Own);
        }

        IssuersChanged?.Invoke();
    }

    /// <summary>Accepts those of their leaves that are on record, from now on.</summary>
    internal void UseOwn(IReadOnlyList<OwnIssuer> own)
    {
        lock (_changing)
        {
            _issuers = new ActiveIssuers(_issuers.Set, _issuers.Known, _options.Upstream?.RootFingerprint, own);
            _options.ImportedNames.All = [.. own.SelectMany(issuer => issuer.Names)];
        }
    }

    /// <summary>Accepts leaves of these issuers from now on, if they are of the authority upstream, and hands theirs out with them in any case.</summary>
    internal ActiveIssuers Learn(IReadOnlyList<UpstreamAuthority> authorities)
    {
        lock (_changing)
        {
            var unknown = authorities.Where(one => _issuers.Known.All(known => known.ChainPem != one.ChainPem)).ToList();
            if (unknown.Count > 0)
            {
                _issuers = new ActiveIssuers(
                    _issuers.Set, [.. unknown, .. _issuers.Known.Where(known => unknown.All(one => !one.Issuer.KeyId.AsSpan().SequenceEqual(known.Issuer.KeyId)))], _options.Upstream?.RootFingerprint,
                    _issuers.Own);
            }

            return _issuers;
        }
    }

    /// <summary>Upstream has no key of the client's: what renews is another certificate for the request that the client once made, or makes now.</summary>
    private async Task<IssuedCertificate> RenewUpstreamAsync(UpstreamIssuer upstream, CertificateRenewal renewal, ActiveIssuers issuers, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ThrowIfRefusing();
        var request = renewal.Csr?.Der ?? await upstream.RequestOfAsync(renewal.Current.Leaf.Serial, cancellationToken);
        // What the certificate had beside its names is upstream's to say again.
        return await SignUpstreamAsync(upstream, RenewalOrder.Create(renewal with { Contents = null }, issuers.Active.Info, _options, now), request, issuers, cancellationToken);
    }

    private async Task<IssuedCertificate> SignUpstreamAsync(UpstreamIssuer upstream, Order order, ReadOnlyMemory<byte> request, ActiveIssuers issuers, CancellationToken cancellationToken)
    {
        try
        {
            return await upstream.SignAsync(order, request, issuers, authority => Learn([authority]), cancellationToken);
        }
        catch (PkiException e)
        {
            throw PkiProblems.From(e);
        }
        catch (ProblemException e) when (e.Code == "certificate_revoked" && order.Renews is not null)
        {
            throw await _store.FindAsync(order.Renews, cancellationToken) is { IsOnHold: true } ? KnownCertificate.OnHold() : e;
        }
    }

    private Task<IssuedCertificate> IssueAsync(IssueRequest request, ActiveIssuers issuers, CaSigner signer, CancellationToken cancellationToken)
    {
        if (request.IdempotencyKey is { Length: 0 or > 200 })
        {
            throw new ArgumentException("An idempotency key has 1 to 200 characters.", nameof(request));
        }

        if (request.Csr.RequestsCa && !request.Profile.IsCa)
        {
            throw new ProblemException(400, "profile_violation", "The request asks for a CA certificate.");
        }

        var validity = Validity.Of(request, signer.Issuer, _time.GetUtcNow());
        var order = new Order
        {
            Template = new CertificateTemplate
            {
                Profile = request.Profile,
                SubjectPublicKeyInfo = request.Csr.SubjectPublicKeyInfo,
                Key = request.Csr.Key,
                Names = request.Names,
                NotBefore = validity.NotBefore,
                NotAfter = validity.NotAfter,
                NameConstraints = request.NameConstraints,
                StepProvisioner = request.StepProvisioner,
                Contents = request.Contents,
                // An issuer's own certificate is revoked in the root's list, which no address of this host has.
                Validation = request.Profile.IsOcspResponder || request.Profile.Name == Profiles.Issuer.Name ? null : _options.Validation,
            },
            PublicKeySha256 = request.Csr.SubjectPublicKeyInfoSha256,
            Provisioner = request.Provisioner,
            Requester = request.Requester,
            Tenant = request.Tenant,
            Lineage = request.Lineage,
            Quota = request.Quota,
            Budgets = [.. request.Budgets, .. _options.Budget.For(request.Profile, request.IsOneByNames)],
            RecentLimit = _options.RenewalsPerSubject,
            Token = request.BurnToken,
            IdempotencyKey = request.IdempotencyKey,
        };
        if (Upstream is { } upstream && request.Issuer is null && request.Profile.Name == Profiles.Leaf.Name)
        {
            ThrowIfRefusing();
            return SignUpstreamAsync(upstream, order, request.Csr.Der, issuers, cancellationToken);
        }

        return SignAsync(issuers, signer, order, cancellationToken);
    }

    private async Task<IssuedCertificate> SignAsync(ActiveIssuers issuers, CaSigner signer, Order order, CancellationToken cancellationToken)
    {
        if (order.Template.Profile.Name != Profiles.Service.Name && !order.Template.Profile.IsOcspResponder)
        {
            ThrowIfRefusing();
        }

        LedgerEntry entry;
        try
        {
            var prepared = signer.Prepare(order.Template);
            if (order.Template.Profile.IsCa && await IntendAsync(order, prepared, issuers.Of(signer), issuers, cancellationToken) is { } earlier)
            {
                return earlier;
            }

            entry = order.ToEntry(signer.Issue(prepared), issuers.Of(signer), cancellationToken);
        }
        catch (PkiException e)
        {
            throw PkiProblems.From(e);
        }

        var outcome = await _ledger.StoreAsync(entry);
        if (outcome.Status == LedgerStatus.Revoked && order.Renews is { } renewed && await _store.FindAsync(renewed, cancellationToken) is { IsOnHold: true })
        {
            throw KnownCertificate.OnHold();
        }

        return outcome.Status == LedgerStatus.Stored
            ? Issued.Of(entry, issuers)
            : Issued.OrRefusal(outcome, order, issuers);
    }

    /// <summary>A CA certificate is rare and can't be taken back: what is about to be signed is on record before the key is used.</summary>
    private async Task<IssuedCertificate?> IntendAsync(Order order, PreparedCertificate prepared, AcceptedIssuer issuer, ActiveIssuers issuers, CancellationToken cancellationToken)
    {
        var earlier = await _store.IntendAsync(
            new Intent(prepared.SerialNumber, order.Subject, order.Template.Profile.Name, issuer.CommonName, SHA256.HashData(prepared.TbsCertificate.Span), order.Requester, order.StoredIdempotencyKey),
            _time.GetUtcNow(),
            cancellationToken);
        return earlier is null ? null : Issued.OrRefusal(earlier, order, issuers);
    }
}
