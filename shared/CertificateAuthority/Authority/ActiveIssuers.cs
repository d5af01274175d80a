using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority;

/// <summary>An <see cref="IssuerSet"/> with everything that is computed once from it.</summary>
internal sealed class ActiveIssuers
{
    public ActiveIssuers(IssuerSet set)
    {
        Set = set;
        Active = new AcceptedIssuer(set.Active.Certificate);
        Accepted = [Active, .. set.AlsoAccepted.Select(c => new AcceptedIssuer(c))];
        RootPem = Pem.Certificate(set.Chain.Root.RawDataMemory.Span);
        IssuersPem = Pem.Certificates(set.Chain.Intermediates);
        RootFingerprint = Fingerprint.Of(set.Chain.Root);
    }

    public IssuerSet Set { get; }

    public AcceptedIssuer Active { get; }

    public IReadOnlyList<AcceptedIssuer> Accepted { get; }

    public string RootPem { get; }

    public string IssuersPem { get; }

    public string RootFingerprint { get; }

    /// <summary>Null unless the certificate is a direct leaf of an accepted issuer. Verified once per certificate object.</summary>
    public AcceptedIssuer? IssuerOf(LeafIdentity leaf)
    {
        if (leaf.VerifiedIssuer is { } known)
        {
            foreach (var issuer in Accepted)
            {
                if (ReferenceEquals(issuer, known) || issuer.Certificate.RawDataMemory.Span.SequenceEqual(known.Certificate.RawDataMemory.Span))
                {
                    return issuer;
                }
            }
        }

        return leaf.VerifiedIssuer = Accepted.FirstOrDefault(i => i.Signed(leaf));
    }

    /// <summary>The issuers of a stored certificate, which may be an earlier generation's, in PEM without the root.</summary>
    public string IssuersPemFor(ReadOnlySpan<byte> authorityKeyId)
    {
        foreach (var earlier in Accepted.Skip(1))
        {
            if (authorityKeyId.SequenceEqual(earlier.KeyId))
            {
                return Pem.Certificates([earlier.Certificate, .. Set.Chain.Intermediates.Skip(1)]);
            }
        }

        return IssuersPem;
    }
}
