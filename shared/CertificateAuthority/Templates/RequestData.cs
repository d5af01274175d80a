using System.Security.Cryptography;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>A certificate request as templates and webhooks see it: what the caller wishes, and nobody has checked.</summary>
internal static class RequestData
{
    public static GoStruct Of(CertificateSigningRequest request)
    {
        var contents = request.ReadContents();
        var names = request.Names;
        return new GoStruct(
            "*x509util.CertificateRequest",
            new("Version", "version", (long)contents.Version),
            new("Subject", "subject", SubjectData.Of("x509util.Subject", contents.Subject)),
            new("DNSNames", "dnsNames", Texts(names.Dns)),
            new("EmailAddresses", "emailAddresses", Texts(names.Emails)),
            new("IPAddresses", "ipAddresses", Texts(names.Ip.Select(address => address.ToString()))),
            new("URIs", "uris", Texts(names.Uris)),
            new("SANs", "sans", GoList.Nil("[]x509util.SubjectAlternativeName")),
            new("Extensions", "extensions", Extensions(contents.Extensions)),
            new("SignatureAlgorithm", "signatureAlgorithm", ""),
            new("PublicKey", Member: null, KeyOf(request)),
            new("PublicKeyAlgorithm", Member: null, AlgorithmOf(request.Key)));
    }

    /// <summary>As Go names it.</summary>
    public static string AlgorithmOf(KeyKind kind) => kind switch
    {
        KeyKind.Rsa2048OrMore => "RSA",
        KeyKind.Ed25519 => "Ed25519",
        _ => "ECDSA",
    };

    internal static GoList Extensions(IReadOnlyCollection<CertificateExtension> extensions) =>
        extensions.Count == 0 ? GoList.Nil("[]x509util.Extension") : new GoList("[]x509util.Extension", [.. extensions.Select(Extension)]);

    private static GoStruct Extension(CertificateExtension extension) => new(
        "x509util.Extension", new("ID", "id", extension.Oid), new("Critical", "critical", extension.IsCritical), new("Value", "value", Convert.ToBase64String(extension.Value.Span)));

    internal static object Texts(IEnumerable<string> texts) => texts.ToList() is { Count: > 0 } list ? GoValue.ListOf(list, "x509util.MultiString") : GoList.Nil("x509util.MultiString");

    private static GoStruct KeyOf(CertificateSigningRequest request)
    {
        switch (request.Key)
        {
            case KeyKind.Rsa2048OrMore:
                using (var rsa = RSA.Create())
                {
                    rsa.ImportSubjectPublicKeyInfo(request.SubjectPublicKeyInfo.Span, out _);
                    return new GoStruct("*rsa.PublicKey", new GoField("Size", Member: null, (long)((rsa.KeySize + 7) / 8)));
                }

            case KeyKind.Ed25519:
                return new GoStruct("ed25519.PublicKey");
            default:
                var bits = request.Key switch { KeyKind.P384 => 384L, KeyKind.P521 => 521L, _ => 256L };
                return new GoStruct("*ecdsa.PublicKey", new GoField("Params", Member: null, new GoStruct("*elliptic.CurveParams", new GoField("BitSize", Member: null, bits), new GoField("Name", Member: null, $"P-{bits}"))));
        }
    }
}
