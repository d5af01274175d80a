using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A renewal keeps profile, names and provisioner; the key is the certificate's or the new request's.</summary>
internal static class RenewalOrder
{
    public static Order Create(CertificateRenewal renewal, LeafIdentity leaf, IssuerInfo issuer, CertificateAuthorityOptions options, DateTimeOffset now)
    {
        if (renewal.Csr is { RequestsCa: true })
        {
            throw new ProblemException(400, "profile_violation", "The request asks for a CA certificate.");
        }

        var validity = Validity.Of(renewal, leaf.Parsed, renewal.Profile, issuer, now);
        return new Order
        {
            Template = new CertificateTemplate
            {
                Profile = renewal.Profile,
                SubjectPublicKeyInfo = renewal.Csr?.SubjectPublicKeyInfo ?? leaf.Parsed.SubjectPublicKeyInfo,
                Key = renewal.Csr?.Key ?? leaf.Key,
                Names = leaf.Parsed.Names,
                NotBefore = validity.NotBefore,
                NotAfter = validity.NotAfter,
                StepProvisioner = leaf.Parsed.StepProvisioner,
                CrlDistributionPoint = options.CrlUrl,
                OcspUrl = options.OcspUrl,
                CaIssuersUrl = options.CaIssuersUrl,
            },
            PublicKeySha256 = renewal.Csr?.SubjectPublicKeyInfoSha256 ?? leaf.SubjectKeySha256,
            // Provisioner, tenant and lineage of the stored certificate are taken over in the ledger.
            Provisioner = "",
            Requester = renewal.Requester ?? leaf.Parsed.Names.CommonName ?? "",
            IdempotencyKey = renewal.IdempotencyKey,
            Token = renewal.BurnToken,
            Quota = renewal.Quota,
            RecentLimit = options.RenewalsPerSubject,
            Renews = leaf.Serial,
        };
    }
}
