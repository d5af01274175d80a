using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>An <see cref="IssuerSet"/> with everything that is computed once from it.</summary>
internal sealed class ActiveIssuers
{
    /// <param name="set">Of this host.</param>
    /// <param name="known">Issuers that have signed for this authority, of the one upstream and of former ones.</param>
    /// <param name="upstreamRoot">SHA-256 of the root upstream; null: there is no upstream.</param>
    public ActiveIssuers(IssuerSet set, IReadOnlyList<UpstreamAuthority> known, string? upstreamRoot)
    {
        Set = set;
        Known = known;
        Upstream = [.. known.Where(authority => authority.RootFingerprint == upstreamRoot)];
        Sent = new IssuingChain(set.Chain);
        Active = new AcceptedIssuer(set.Active.Certificate);
        Accepted = [Active, .. set.AlsoAccepted.Select(c => new AcceptedIssuer(c))];
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

    /// <summary>What goes out with an own certificate.</summary>
    public IssuingChain Sent { get; }

    public string RootPem => Sent.RootPem;

    /// <summary>Own and upstream, PEM; the own one first.</summary>
    public IEnumerable<string> RootPems => Upstream.Select(authority => authority.Sent.RootPem).Prepend(RootPem).Distinct(StringComparer.Ordinal);

    public string RootFingerprint { get; }

    /// <summary>Subject key identifier of the root.</summary>
    public byte[] RootKeyId { get; }

    /// <summary>Null unless the certificate is a direct leaf of an accepted issuer. Verified once per certificate object.</summary>
    public AcceptedIssuer? IssuerOf(LeafIdentity leaf)
    {
        var all = Upstream.Count == 0 ? Accepted : [.. Accepted, .. Upstream.Select(authority => authority.Issuer)];
        if (leaf.VerifiedIssuer is { } known)
        {
            foreach (var issuer in all)
            {
                if (ReferenceEquals(issuer, known) || issuer.Certificate.RawDataMemory.Span.SequenceEqual(known.Certificate.RawDataMemory.Span))
                {
                    return issuer;
                }
            }
        }

        return leaf.VerifiedIssuer = all.FirstOrDefault(i => i.Signed(leaf));
    }

    /// <summary>Of a signer of this set, or of one that was in it when the order came.</summary>
    public AcceptedIssuer Of(CaSigner signer) =>
        Accepted.FirstOrDefault(issuer => signer.Issuer.SubjectKeyIdentifier.Span.SequenceEqual(issuer.KeyId)) ?? new AcceptedIssuer(signer.Certificate);

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

        return Find(Known, authorityKeyId)?.Sent ?? Sent;
    }

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
