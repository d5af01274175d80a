using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

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
