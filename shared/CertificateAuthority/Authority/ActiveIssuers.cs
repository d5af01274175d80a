using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>An <see cref="IssuerSet"/> with everything that is computed once from it.</summary>
internal sealed class ActiveIssuers
{
    /// <summary>Whose direct leaves are accepted.</summary>
    private readonly AcceptedIssuer[] _all;

    /// <param name="set">Of this host.</param>
    /// <param name="known">Issuers that have signed for this authority, of the one upstream and of former ones.</param>
    /// <param name="upstreamRoot">SHA-256 of the root upstream; null: there is no upstream.</param>
    /// <param name="own">Beside the set: those of authorities whose place this one has taken, and those that were made for it.</param>
    public ActiveIssuers(IssuerSet set, IReadOnlyList<UpstreamAuthority> known, string? upstreamRoot, IReadOnlyList<OwnIssuer> own)
    {
        Set = set;
        Known = known;
        Own = own;
        Upstream = [.. known.Where(authority => authority.RootFingerprint == upstreamRoot)];
        Sent = new IssuingChain(set.Chain);
        Active = new AcceptedIssuer(set.Active.Certificate);
        Accepted = [Active, .. set.AlsoAccepted.Select(c => new AcceptedIssuer(c))];
        _all = [.. Accepted, .. own.Select(issuer => issuer.Issuer), .. Upstream.Select(authority => authority.Issuer)];
        RootFingerprint = Fingerprint.Of(set.Chain.Root);
        RootKeyId = IssuerInfo.FromCertificate(set.Chain.Root).SubjectKeyIdentifier.ToArray();
    }

    public IssuerSet Set { get; }

    public AcceptedIssuer Active { get; }

    public IReadOnlyList<AcceptedIssuer> Accepted { get; }

    /// <summary>Their certificates are handed out with the issuers that they have; of those of a former upstream that is all.</summary>
    public IReadOnlyList<UpstreamAuthority> Known { get; }

    /// <summary>Their leaves log in and are renewed by their record here, as own ones are.</summary>
    public IReadOnlyList<UpstreamAuthority> Upstream { get; }

    /// <summary>Those of their leaves that are on record log in and are renewed, as own ones are.</summary>
    public IReadOnlyList<OwnIssuer> Own { get; }

    /// <summary>Who can sign a CRL for leaves that are accepted, or were.</summary>
    public IEnumerable<CaSigner> Revokers => [.. Set.Revokers, .. Own.Select(own => own.Signer).OfType<CaSigner>()];

    /// <summary>What goes out with an own certificate.</summary>
    public IssuingChain Sent { get; }

    public string RootPem => Sent.RootPem;

    /// <summary>The set's, PEM, upstream's and those of the issuers beside the set; the set's first.</summary>
    public IEnumerable<string> RootPems =>
        Upstream.Select(authority => authority.Sent.RootPem).Concat(Own.Select(own => own.Sent.RootPem)).Prepend(RootPem).Distinct(StringComparer.Ordinal);

    public string RootFingerprint { get; }

    /// <summary>Subject key identifier of the root.</summary>
    public byte[] RootKeyId { get; }

    /// <summary>Null unless the certificate is a direct leaf of an accepted issuer. Verified once per certificate object.</summary>
    public AcceptedIssuer? IssuerOf(LeafIdentity leaf)
    {
        if (leaf.VerifiedIssuer is { } known)
        {
            foreach (var issuer in _all)
            {
                if (ReferenceEquals(issuer, known) || issuer.Certificate.RawDataMemory.Span.SequenceEqual(known.Certificate.RawDataMemory.Span))
                {
                    return issuer;
                }
            }
        }

        return leaf.VerifiedIssuer = _all.FirstOrDefault(i => i.Signed(leaf));
    }

    /// <summary>Of a signer of this set, or of one that was in it when the order came.</summary>
    public AcceptedIssuer Of(CaSigner signer) =>
        Accepted.Concat(Own.Select(own => own.Issuer)).FirstOrDefault(issuer => signer.Issuer.SubjectKeyIdentifier.Span.SequenceEqual(issuer.KeyId)) ?? new AcceptedIssuer(signer.Certificate);

    /// <summary>
    /// Renews that issuer's leaves: one beside the set does it itself while it may and is in date, so that those who trust its root notice nothing; after it the issuer that the provisioner names now.
    /// Throws 503 <c>issuer_unavailable</c> where one of them should sign and can't: nobody signs in its place.
    /// </summary>
    /// <param name="authorityKeyId">Of the certificate.</param>
    /// <param name="named">By the provisioner; null: none.</param>
    /// <param name="now">By this host's clock.</param>
    public CaSigner RenewerOf(ReadOnlySpan<byte> authorityKeyId, string? named, DateTimeOffset now) =>
        OwnOf(authorityKeyId) is not { } own ? Set.Active
        : own.Disabled is { } why ? throw Unavailable(own.Name, why)
        : own.Renews(now) ? own.Signer!
        : named is null ? Set.Active
        : SignerOf(named, now);

    /// <summary>Of the issuer that provisioners call so. Throws 503 <c>issuer_unavailable</c> unless it signs now what is new.</summary>
    public CaSigner SignerOf(string name, DateTimeOffset now)
    {
        var own = Own.FirstOrDefault(one => one.Name == name) ?? throw Unavailable(name, "there is none of this name now");
        return own.Refusal(now) is { } why ? throw Unavailable(name, why) : own.Signer!;
    }

    /// <summary>Null: it is of none beside the set.</summary>
    public OwnIssuer? OwnOf(ReadOnlySpan<byte> authorityKeyId)
    {
        foreach (var own in Own)
        {
            if (authorityKeyId.SequenceEqual(own.Issuer.KeyId))
            {
                return own;
            }
        }

        return null;
    }

    /// <summary>By its key identifier: the set's issuers of now and of before, and their root.</summary>
    public bool IsOfSet(X509Certificate2 issuer)
    {
        var keyId = IssuerInfo.FromCertificate(issuer).SubjectKeyIdentifier;
        return keyId.Span.SequenceEqual(RootKeyId) || Accepted.Any(accepted => keyId.Span.SequenceEqual(accepted.KeyId));
    }

    /// <summary>Whether an issuer upstream with another key has its key identifier, which whoever made the certificate chose.</summary>
    public bool IsOfAnotherUpstream(X509Certificate2 issuer)
    {
        var info = IssuerInfo.FromCertificate(issuer);
        return Known.Any(upstream => info.SubjectKeyIdentifier.Span.SequenceEqual(upstream.Issuer.KeyId) && !info.SubjectPublicKeyInfo.Span.SequenceEqual(upstream.Issuer.Info.SubjectPublicKeyInfo.Span));
    }

    /// <summary>Null: it was not signed upstream, or by a former one.</summary>
    public UpstreamAuthority? UpstreamOf(ReadOnlySpan<byte> authorityKeyId) => Find(Upstream, authorityKeyId);

    /// <summary>The issuers of a stored certificate, which may be an earlier generation's, or upstream's.</summary>
    public IssuingChain SentFor(ReadOnlySpan<byte> authorityKeyId)
    {
        foreach (var earlier in Accepted.Skip(1))
        {
            if (authorityKeyId.SequenceEqual(earlier.KeyId))
            {
                return new IssuingChain([earlier.Certificate, .. Set.Chain.Intermediates.Skip(1)], Set.Chain.Root);
            }
        }

        return OwnOf(authorityKeyId)?.Sent ?? Find(Known, authorityKeyId)?.Sent ?? Sent;
    }

    public static ProblemException Unavailable(string why) => new(503, "issuer_unavailable", why, TimeSpan.FromMinutes(1));

    private static ProblemException Unavailable(string name, string why) => Unavailable($"The issuer {name} can't sign: {why}.");

    private static UpstreamAuthority? Find(IReadOnlyList<UpstreamAuthority> authorities, ReadOnlySpan<byte> authorityKeyId)
    {
        foreach (var authority in authorities)
        {
            if (authorityKeyId.SequenceEqual(authority.Issuer.KeyId))
            {
                return authority;
            }
        }

        return null;
    }
}

/// <summary>What goes out with a certificate: its issuers, encoded once.</summary>
internal sealed class IssuingChain(IReadOnlyList<X509Certificate2> intermediates, X509Certificate2 root)
{
    public IssuingChain(CertificateChain chain) : this(chain.Intermediates, chain.Root)
    {
    }

    /// <summary>The issuer first, without the root.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates => intermediates;

    public string IssuersPem { get; } = Pem.Certificates(intermediates);

    public string RootPem { get; } = Pem.Certificate(root.RawDataMemory.Span);
}

/// <summary>The issuer that signs now, and those whose leaves are accepted beside its own while a rotation is under way.</summary>
/// <param name="active">Signs now.</param>
/// <param name="chain">Of <paramref name="active"/>.</param>
/// <param name="alsoAccepted">Certificates of earlier issuers.</param>
/// <param name="earlier">Those of them whose keys are still there.</param>
public sealed class IssuerSet(CaSigner active, CertificateChain chain, IEnumerable<X509Certificate2>? alsoAccepted = null, IEnumerable<CaSigner>? earlier = null)
{
    private readonly IReadOnlyList<CaSigner> _earlier = [.. earlier ?? []];

    public CaSigner Active { get; } = active;

    /// <summary>The active issuer first, the root last.</summary>
    public CertificateChain Chain { get; } = chain;

    /// <summary>Earlier issuers: they sign nothing any more, but their leaves still log in and renew.</summary>
    public IReadOnlyList<X509Certificate2> AlsoAccepted { get; } = [.. alsoAccepted ?? []];

    /// <summary>Who can sign a CRL for leaves that are still accepted: the active issuer first.</summary>
    public IEnumerable<CaSigner> Revokers => [Active, .. _earlier];
}

/// <summary>An issuer whose direct leaves are accepted: name, key identifier and one signature verification decide.</summary>
internal sealed class AcceptedIssuer
{
    public AcceptedIssuer(X509Certificate2 certificate)
    {
        Certificate = certificate;
        Info = IssuerInfo.FromCertificate(certificate);
        KeyId = Info.SubjectKeyIdentifier.ToArray();
        CommonName = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
    }

    public X509Certificate2 Certificate { get; }

    public IssuerInfo Info { get; }

    public byte[] KeyId { get; }

    public string CommonName { get; }

    /// <summary>The key identifier must be there and fit: without it two generations of one name could be mistaken for each other.</summary>
    public bool Signed(LeafIdentity leaf) => leaf.Parsed.AuthorityKeyIdentifier is not null && Info.HasSigned(leaf.Parsed);
}
