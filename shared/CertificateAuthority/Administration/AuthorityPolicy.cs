using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>Policies that are about to be set, by the words of a provisioner's.</summary>
internal static class AuthorityPolicy
{
    /// <summary>Throws 422 <c>invalid_policy</c>.</summary>
    /// <param name="policy">As ca.json writes it.</param>
    public static NamePolicy Read(string policy)
    {
        try
        {
            return NamePolicy.Of(JsonElement.Parse(policy));
        }
        catch (JsonException e)
        {
            throw new ProblemException(422, "invalid_policy", "The policy can't be used: it is no JSON.", inner: e);
        }
        catch (ProblemException e)
        {
            throw new ProblemException(422, "invalid_policy", e.Message.Replace(ProvisionerDefinition.CantBeUsed, "The policy can't be used: ", StringComparison.Ordinal), inner: e);
        }
    }

    /// <summary>An administrator who gets no certificate any more changes nothing any more. Throws 422 <c>admin_locked_out</c>.</summary>
    public static void RequireAllowed(this NamePolicy policy, IEnumerable<Administrator> administrators)
    {
        foreach (var subject in administrators.Select(administrator => administrator.Subject))
        {
            try
            {
                policy.Require(SubjectNames.FromSans(commonName: null, [subject]));
            }
            catch (Exception e) when (e is ProblemException or PkiException)
            {
                throw new ProblemException(
                    422, "admin_locked_out", $"the provided policy would lock out [{subject}] from the CA. Please create an x509 policy to include [{subject}] as an allowed DNS name", inner: e);
            }
        }
    }
}
