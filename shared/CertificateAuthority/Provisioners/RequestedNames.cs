using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>The names of the request: whoever asks may have any that a policy and the platform leave free.</summary>
/// <param name="commonName">The only common name that the request may have; null: any.</param>
internal sealed class RequestedNames(string? commonName = null) : INameRule
{
    public SubjectNames Certify(CertificateSigningRequest request)
    {
        if (commonName is not null && request.Names.CommonName is { } requested && requested != commonName)
        {
            throw new ProblemException(403, "names_not_granted", $"certificate request does not contain the valid common name - got {requested}, want {commonName}");
        }

        return SubjectNames.FromSans(request.Names.CommonName, request.Names.AllSans);
    }
}
