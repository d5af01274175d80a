using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>The active Sub-CA as PEM.</summary>
/// <param name="ChainPem">Sub-CA, Intermediate, Root: what a verifier of a device certificate needs.</param>
internal sealed record InstalledSubCa(string CertificatePem, string ChainPem)
{
    public static InstalledSubCa From(IssuerSet issuers) =>
        new(Pem.Certificate(issuers.Active.Certificate.RawDataMemory.Span), Pem.Certificates(issuers.Chain.Certificates));
}
