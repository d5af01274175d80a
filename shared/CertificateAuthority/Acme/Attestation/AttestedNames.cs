using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>An attested device: its permanent identifier as the common name, no other name, and the attested key alone.</summary>
internal sealed class AttestedNames(AcmeAuthorization authorization) : INameRule
{
    public SubjectNames Certify(CertificateSigningRequest request)
    {
        if (authorization.AttestedKey is not { } key || !CryptographicOperations.FixedTimeEquals(request.SubjectPublicKeyInfoSha256, key))
        {
            throw AcmeException.BadCsr("The request's key is not the attested one.");
        }

        return request.Names is { SanCount: 0, CommonName: var common } && (common is null || common == authorization.Identifier.Value)
            ? AcmeIdentifier.NamesOf([authorization.Identifier], commonName: null)
            : throw AcmeException.BadCsr("The request has another name than the permanent identifier.");
    }
}
