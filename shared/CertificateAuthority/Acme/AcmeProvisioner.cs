using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Authorises by what an order has proven.</summary>
internal sealed class AcmeProvisioner(AcmeOptions acme, Authority authority) : IProvisioner
{
    /// <summary>step's type number of ACME provisioners.</summary>
    private const int ExtensionType = 6;

    private readonly StepProvisionerExtension _extension = new(ExtensionType, acme.Name, "");

    public string Name => acme.Name;

    public string Type => "ACME";

    public ProvisionerClaims Claims { get; } = ProvisionerClaims.Default(authority.Options);

    /// <summary>What is proven decides.</summary>
    public NamePolicy? Policy => null;

    public void Describe(Utf8JsonWriter json)
    {
        // Name and type are all there is.
    }

    public SignGrant Authorize(AcmeOrder order) => new()
    {
        Subject = order.AccountId,
        Names = new OrderedNames(order),
        Profile = Claims.Profile,
        MinLifetime = Claims.MinLifetime,
        Extension = _extension,
    };
}

/// <summary>Exactly the order's identifiers (RFC 8555 7.4), in whatever order; the common name, if there is one, is one of them.</summary>
internal sealed class OrderedNames(AcmeOrder order) : INameRule
{
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

        // X.520's 64 characters, and no ':' (an IPv6 address): such a name stays among the alternative names alone.
        return common is { Length: <= 64 } && !common.Contains(':') ? granted with { CommonName = common } : granted;
    }
}
