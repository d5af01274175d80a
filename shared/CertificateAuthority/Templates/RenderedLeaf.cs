using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>What a template says of a certificate, in step-ca's JSON. It decides names and usages of a leaf; keys, serial numbers, lifetimes and who may sign are not its to say.</summary>
internal sealed record RenderedLeaf
{
    private const int MaxDepth = 16;

    public required SubjectNames Names { get; init; }

    public required X509KeyUsageFlags KeyUsages { get; init; }

    public required ImmutableArray<string> ExtendedKeyUsages { get; init; }

    public required CertificateContents Contents { get; init; }

    /// <summary>Throws <see cref="RenderedException"/>, and <see cref="PkiException"/> for names that are not certified.</summary>
    public static RenderedLeaf Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            return Parse(new RenderedJson(document.RootElement, "certificate"));
        }
        catch (JsonException e)
        {
            throw new RenderedException($"the result is no JSON, line {(e.LineNumber ?? 0) + 1}", e);
        }
    }

    /// <summary>The profile of such a certificate: what the template says, within what a leaf may be.</summary>
    public CertificateProfile Within(CertificateProfile leaf) => leaf with
    {
        KeyUsages = KeyUsages,
        KeyEnciphermentForRsa = false,
        ExtendedKeyUsages = ExtendedKeyUsages,
        AllowsSubjectAttributes = Contents.Subject is not null,
        FurtherExtensions = [.. Contents.Extensions.Select(extension => extension.Oid)],
    };

    private static RenderedLeaf Parse(RenderedJson json)
    {
        json.Refuse("serialNumber", "serial numbers are the authority's");
        json.Refuse("subjectKeyId", "key identifiers are the authority's");
        json.Refuse("authorityKeyId", "key identifiers are the authority's");
        json.Refuse("rawSubject", "a subject is written as subject");
        json.Refuse("notBefore", "the lifetime is the provisioner's and the request's");
        json.Refuse("notAfter", "the lifetime is the provisioner's and the request's");
        json.Refuse("nameConstraints", "only a CA certificate has name constraints, and a provisioner gives none");
        var extensions = RenderedExtensions.Read(json);
        var subject = RenderedSubject.Read(json);
        var names = (extensions.Names ?? RenderedNames.Read(json)) with { CommonName = subject.CommonName };
        names.Validate();
        return new RenderedLeaf
        {
            Names = names,
            KeyUsages = RenderedUsages.Key(json.Texts("keyUsage")),
            ExtendedKeyUsages = RenderedUsages.Extended(json.Texts("extKeyUsage"), json.Texts("unknownExtKeyUsage")),
            Contents = new CertificateContents
            {
                Subject = subject.Encoded,
                Extensions = extensions.Further,
                OcspServers = [.. json.Texts("ocspServer")],
                IssuerCertificates = [.. json.Texts("issuingCertificateURL")],
                RevocationLists = [.. json.Texts("crlDistributionPoints")],
            },
        };
    }
}
