using System.Collections.Frozen;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>The functions of step-ca's templates: Go's own, sprig's, and step's for times and ASN.1.</summary>
internal static class TemplateFunctions
{
    /// <summary>Of sprig's, those that make secrets or chance, read the machine, or ask the network.</summary>
    private static readonly FrozenSet<string> Left = FrozenSet.ToFrozenSet(
        [
            "env", "expandenv", "getHostByName", "bcrypt", "htpasswd", "genPrivateKey", "derivePassword", "buildCustomCert", "genCA", "genCAWithKey", "genSelfSignedCert",
            "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "encryptAES", "decryptAES", "randBytes", "randInt", "randAlphaNum", "randAlpha", "randAscii",
            "randNumeric", "shuffle", "uuidv4", "call", "html", "js",
        ], StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, TemplateFunction> All =
        new[] { GoFunctions.All, TextFunctions.All, PatternFunctions.All, ListFunctions.All, DictFunctions.All, NumberFunctions.All, EncodingFunctions.All, TypeFunctions.All, TimeFunctions.All, Asn1Functions.All }
            .SelectMany(functions => functions)
            .ToFrozenDictionary(function => function.Name, StringComparer.Ordinal);

    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Null: there is none of this name.</summary>
    public static TemplateFunction? Find(string name) => All.GetValueOrDefault(name);

    public static string WhyNot(string name) => Left.Contains(name) ? $"the function {name} is not for certificates" : $"the function {name} is not known";
}
