using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// The names in the request against those in the token, kind by kind, in step-ca's words. A kind the request leaves out entirely is
/// filled from the token; the certificate always gets exactly the token's names.
/// </summary>
internal static class RequestedNames
{
    /// <summary>The names to certify.</summary>
    public static SubjectNames Granted(SubjectNames requested, TokenGrant grant)
    {
        if (requested.CommonName is { } cn && !string.Equals(cn, grant.Subject, StringComparison.Ordinal))
        {
            throw StepCaException.Forbidden($"certificate request does not contain the valid common name - got {cn}, want {grant.Subject}");
        }

        var granted = SubjectNames.FromSans(grant.Subject, grant.Sans);
        Compare("DNS names", requested.Dns, granted.Dns, StringComparer.OrdinalIgnoreCase);
        if (!requested.Ip.IsEmpty)
        {
            Compare("IP addresses", [.. requested.Ip.Select(ip => ip.ToString())], [.. granted.Ip.Select(ip => ip.ToString())], StringComparer.Ordinal);
        }

        Compare("email addresses", requested.Emails, granted.Emails, StringComparer.Ordinal);
        Compare("URIs", requested.Uris, granted.Uris, StringComparer.Ordinal);
        return granted;
    }

    private static void Compare(string kind, IReadOnlyCollection<string> requested, IReadOnlyCollection<string> granted, StringComparer comparer)
    {
        if (requested.Count == 0 || (requested.Count == 1 && granted.Count == 1 && comparer.Equals(requested.First(), granted.First())))
        {
            return;
        }

        if (!requested.ToHashSet(comparer).SetEquals(granted))
        {
            throw StepCaException.Forbidden($"certificate request does not contain the valid {kind} - got [{string.Join(' ', requested)}], want [{string.Join(' ', granted)}]");
        }
    }
}
