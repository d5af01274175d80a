using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>A leaf that is about to be signed as webhooks see it: step-ca's x509util.Certificate.</summary>
internal static class LeafData
{
    private static readonly (X509KeyUsageFlags Flag, string Name)[] KeyUsages =
    [
        (X509KeyUsageFlags.DigitalSignature, "digitalSignature"), (X509KeyUsageFlags.NonRepudiation, "contentCommitment"), (X509KeyUsageFlags.KeyEncipherment, "keyEncipherment"),
        (X509KeyUsageFlags.DataEncipherment, "dataEncipherment"), (X509KeyUsageFlags.KeyAgreement, "keyAgreement"), (X509KeyUsageFlags.EncipherOnly, "encipherOnly"),
        (X509KeyUsageFlags.DecipherOnly, "decipherOnly"),
    ];

    public static GoStruct Of(GrantedLeaf leaf, KeyKind key)
    {
        var (names, contents) = (leaf.Names, leaf.Contents ?? new CertificateContents());
        var usages = leaf.Profile.KeyUsagesFor(key);
        var subject = contents.Subject is { } encoded ? SubjectData.Of("x509util.Subject", SubjectAttributes.Read(encoded.Span)) : SubjectData.OfCommonName("x509util.Subject", names.CommonName);
        return new GoStruct(
            "*x509util.Certificate",
            new("Subject", "subject", subject),
            new("DNSNames", "dnsNames", RequestData.Texts(names.Dns)),
            new("EmailAddresses", "emailAddresses", RequestData.Texts(names.Emails)),
            new("IPAddresses", "ipAddresses", RequestData.Texts(names.Ip.Select(address => address.ToString()))),
            new("URIs", "uris", RequestData.Texts(names.Uris)),
            new("Extensions", "extensions", RequestData.Extensions(contents.Extensions)),
            new("KeyUsage", "keyUsage", RequestData.Texts(KeyUsages.Where(usage => usages.HasFlag(usage.Flag)).Select(usage => usage.Name))),
            new("ExtKeyUsage", "extKeyUsage", RequestData.Texts(leaf.Profile.ExtendedKeyUsages.Select(RenderedUsages.NameOf).OfType<string>())),
            new("UnknownExtKeyUsage", "unknownExtKeyUsage", RequestData.Texts(leaf.Profile.ExtendedKeyUsages.Where(oid => RenderedUsages.NameOf(oid) is null))),
            new("OCSPServer", "ocspServer", RequestData.Texts(contents.OcspServers)),
            new("IssuingCertificateURL", "issuingCertificateURL", RequestData.Texts(contents.IssuerCertificates)),
            new("CRLDistributionPoints", "crlDistributionPoints", RequestData.Texts(contents.RevocationLists)));
    }
}
