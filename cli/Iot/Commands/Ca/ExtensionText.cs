using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>One extension in words.</summary>
internal static class ExtensionText
{
    private const string NameConstraintsOid = "2.5.29.30";
    private const string SubjectAlternativeNameOid = "2.5.29.17";
    private const string StepProvisionerOid = "1.3.6.1.4.1.37476.9000.64.1";

    public static string Of(X509Extension extension) => $"{Text(extension)}{(extension.Critical ? " (critical)" : "")}";

    private static string Text(X509Extension extension) => extension switch
    {
        X509BasicConstraintsExtension { CertificateAuthority: true } ca => ca.HasPathLengthConstraint ? $"basic constraints: CA, path length {ca.PathLengthConstraint}" : "basic constraints: CA",
        X509BasicConstraintsExtension => "basic constraints: no CA",
        X509KeyUsageExtension usage => $"key usage: {usage.KeyUsages}",
        X509EnhancedKeyUsageExtension extended => $"extended key usage: {string.Join(", ", extended.EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.FriendlyName ?? oid.Value))}",
        X509SubjectKeyIdentifierExtension subject => $"subject key id: {subject.SubjectKeyIdentifier}",
        X509AuthorityKeyIdentifierExtension { KeyIdentifier: { } key } => $"authority key id: {Convert.ToHexString(key.Span)}",
        { Oid.Value: NameConstraintsOid } => $"name constraints: {Constraints(extension)}",
        { Oid.Value: SubjectAlternativeNameOid } => "subject alternative names: above",
        { Oid.Value: StepProvisionerOid } => "step provisioner",
        _ => extension.Oid?.FriendlyName ?? extension.Oid?.Value ?? "unknown",
    };

    private static string Constraints(X509Extension extension)
    {
        var c = NameConstraints.Parse(extension.RawData);
        var parts = new (string Name, IEnumerable<string> Values)[]
        {
            ("permitted DNS", c.PermittedDns), ("excluded DNS", c.ExcludedDns),
            ("permitted IP", c.PermittedIp.Select(n => n.ToString())), ("excluded IP", c.ExcludedIp.Select(n => n.ToString())),
            ("permitted e-mail", c.PermittedEmail), ("excluded e-mail", c.ExcludedEmail),
            ("permitted URI", c.PermittedUriDomains), ("excluded URI", c.ExcludedUriDomains),
        };
        return string.Join("; ", parts.Where(part => part.Values.Any()).Select(part => $"{part.Name} {string.Join(", ", part.Values)}"));
    }
}
