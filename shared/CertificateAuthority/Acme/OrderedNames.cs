using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Exactly the order's identifiers (RFC 8555 7.4), in whatever order; the common name, if there is one, is one of them.</summary>
/// <param name="order">What is proven.</param>
/// <param name="forceCommonName">Whether a request without a common name gets its first DNS name as one, for old relying parties.</param>
internal sealed class OrderedNames(AcmeOrder order, bool forceCommonName) : INameRule
{
    /// <summary>Of a common name (X.520).</summary>
    private const int Longest = 64;

    public SubjectNames Certify(CertificateSigningRequest request)
    {
        var requested = request.Names;
        var common = requested.CommonName?.ToLowerInvariant();
        var granted = AcmeIdentifier.NamesOf(order.Identifiers, commonName: null);
        if (!requested.Uris.IsEmpty || !requested.Emails.IsEmpty)
        {
            throw AcmeException.BadCsr("The request has other names than DNS names and IP addresses.");
        }

        if (common is not null && !granted.AllSans.Contains(common, StringComparer.Ordinal))
        {
            throw AcmeException.BadCsr("The request's common name is not one of the order's identifiers.");
        }

        // A request may name its one identifier as the common name alone.
        var dns = requested.Dns.Select(name => name.ToLowerInvariant()).Concat(common is not null && granted.Dns.Contains(common) ? [common] : []);
        var ip = requested.Ip.Select(address => address.ToString()).Concat(common is not null && !granted.Dns.Contains(common) ? [common] : []);
        if (!dns.ToHashSet(StringComparer.Ordinal).SetEquals(granted.Dns) || !ip.ToHashSet(StringComparer.Ordinal).SetEquals(granted.Ip.Select(address => address.ToString())))
        {
            throw AcmeException.BadCsr("The request's names are not exactly the order's identifiers.");
        }

        if (common is null && forceCommonName)
        {
            return granted with
            {
                CommonName = granted.Dns.FirstOrDefault(name => name.Length <= Longest) ?? throw AcmeException.BadCsr("Every certificate of this server has a common name, and none of the order's identifiers can be one."),
            };
        }

        // No ':' (an IPv6 address): such a name stays among the alternative names alone.
        return common is { Length: <= Longest } && !common.Contains(':') ? granted with { CommonName = common } : granted;
    }
}
