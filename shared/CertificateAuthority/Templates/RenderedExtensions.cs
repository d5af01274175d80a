using System.Collections.Immutable;
using System.Formats.Asn1;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>The extensions of a rendered certificate beside usages.</summary>
/// <param name="Names">Of a subjectAltName among them, which is then the only source of names; null: there is none.</param>
/// <param name="Further">What is written as it is.</param>
internal sealed record RenderedExtensions(SubjectNames? Names, ImmutableArray<CertificateExtension> Further)
{
    private const string SubjectAltName = "2.5.29.17";
    private const string BasicConstraints = "2.5.29.19";
    private const string CertificatePolicies = "2.5.29.32";

    public static RenderedExtensions Read(RenderedJson json)
    {
        SubjectNames? names = null;
        var further = ImmutableArray.CreateBuilder<CertificateExtension>();
        if (json.TryGet("basicConstraints", out var constraints))
        {
            // Written as Go writes it: there, critical and empty.
            further.Add(new RenderedJson(constraints.Value, "basicConstraints").Flag("isCA")
                ? throw new RenderedException("basicConstraints: it asks for a CA certificate, and a provisioner gives none")
                : new CertificateExtension(BasicConstraints, IsCritical: true, new byte[] { 0x30, 0x00 }));
        }

        if (json.Texts("policyIdentifiers") is { Count: > 0 } policies)
        {
            further.Add(new CertificateExtension(CertificatePolicies, IsCritical: false, Policies(policies)));
        }

        foreach (var extension in json.List("extensions").Select(item => new RenderedJson(item, "extension")))
        {
            var id = extension.Text("id");
            RenderedOid.RequireShort(id, "extensions");
            var value = Value(extension.Text("value"));
            if (id == SubjectAltName)
            {
                names = SubjectNames.FromExtension(value);
            }
            else
            {
                further.Add(new CertificateExtension(id, extension.Flag("critical"), value));
            }
        }

        return new RenderedExtensions(names, further.DrainToImmutable());
    }

    private static byte[] Value(string text)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException e)
        {
            throw new RenderedException("the value of an extension is no base64", e);
        }
    }

    /// <summary>RFC 5280 4.2.1.4.</summary>
    private static byte[] Policies(IReadOnlyList<string> oids)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var oid in oids)
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(RenderedOid.Require(oid, "policyIdentifiers"));
                }
            }
        }

        return writer.Encode();
    }
}
