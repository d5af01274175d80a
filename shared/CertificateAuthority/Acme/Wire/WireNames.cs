using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>A person's client: the handle and the client's id as URIs, and the person's name as the common name. The request has those URIs and no other name, the name people see, and the domain.</summary>
internal sealed class WireNames(AcmeOrder order) : INameRule
{
    /// <summary>displayName, as LDAP has it; inetOrgPerson, RFC 2798 2.3.</summary>
    private const string DisplayName = "2.16.840.1.113730.3.1.241";

    public SubjectNames Certify(CertificateSigningRequest request)
    {
        var granted = AcmeIdentifier.NamesOf(order.Identifiers, commonName: null);
        var person = WireIdentity.Parse(order.Identifiers.Single(identifier => identifier.Type == WireIdentity.User));
        var names = request.Names;
        if (names.SanCount != names.Uris.Length || !names.Uris.ToHashSet(StringComparer.Ordinal).SetEquals(granted.Uris))
        {
            throw AcmeException.BadCsr("The request's names are not exactly the URIs of the order's identifiers.");
        }

        var subject = request.ReadContents().Subject;
        if (!Values(DisplayName).Any() || Values(DisplayName).Any(name => name != person.Name))
        {
            throw AcmeException.BadCsr($"The request's subject has not the order's name as displayName ({DisplayName}).");
        }

        return string.Equals(Values(SubjectAttributes.Organization).FirstOrDefault(), person.Domain, StringComparison.OrdinalIgnoreCase)
            ? granted
            : throw AcmeException.BadCsr("The request's organization is not the order's domain.");

        IEnumerable<string> Values(string oid) => subject.Where(attribute => attribute.Oid == oid).Select(attribute => attribute.Value);
    }
}
