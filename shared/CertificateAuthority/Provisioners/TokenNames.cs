using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// The names in the request against those in the token, kind by kind, in step-ca's words. A kind the request leaves out entirely is
/// filled from the token; the certificate always gets exactly the token's names.
/// </summary>
internal sealed class TokenNames(string subject, IReadOnlyList<string> sans) : INameRule
{
    public SubjectNames Certify(CertificateSigningRequest request)
    {
        var requested = request.Names;
        if (requested.CommonName is { } cn && !string.Equals(cn, subject, StringComparison.Ordinal))
        {
            throw Refused($"the valid common name - got {cn}, want {subject}");
        }

        var granted = SubjectNames.FromSans(subject, sans);
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
            throw Refused($"the valid {kind} - got [{string.Join(' ', requested)}], want [{string.Join(' ', granted)}]");
        }
    }

    private static ProblemException Refused(string what) => new(403, "names_not_granted", $"certificate request does not contain {what}");
}
