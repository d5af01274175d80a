using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Usages by step-ca's names, in any case and with or without underscores. What only a CA or its OCSP responder may have is none.</summary>
internal static class RenderedUsages
{
    private static readonly FrozenDictionary<string, X509KeyUsageFlags> KeyUsages = new Dictionary<string, X509KeyUsageFlags>(StringComparer.Ordinal)
    {
        ["digitalsignature"] = X509KeyUsageFlags.DigitalSignature,
        ["contentcommitment"] = X509KeyUsageFlags.NonRepudiation,
        ["nonrepudiation"] = X509KeyUsageFlags.NonRepudiation,
        ["keyencipherment"] = X509KeyUsageFlags.KeyEncipherment,
        ["dataencipherment"] = X509KeyUsageFlags.DataEncipherment,
        ["keyagreement"] = X509KeyUsageFlags.KeyAgreement,
        ["encipheronly"] = X509KeyUsageFlags.EncipherOnly,
        ["decipheronly"] = X509KeyUsageFlags.DecipherOnly,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> ExtendedKeyUsages = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["serverauth"] = Oids.ServerAuth,
        ["clientauth"] = Oids.ClientAuth,
        ["codesigning"] = "1.3.6.1.5.5.7.3.3",
        ["emailprotection"] = "1.3.6.1.5.5.7.3.4",
        ["ipsecendsystem"] = "1.3.6.1.5.5.7.3.5",
        ["ipsectunnel"] = "1.3.6.1.5.5.7.3.6",
        ["ipsecuser"] = "1.3.6.1.5.5.7.3.7",
        ["timestamping"] = "1.3.6.1.5.5.7.3.8",
        ["microsoftservergatedcrypto"] = "1.3.6.1.4.1.311.10.3.3",
        ["netscapeservergatedcrypto"] = "2.16.840.1.113730.4.1",
        ["microsoftcommercialcodesigning"] = "1.3.6.1.4.1.311.2.1.22",
        ["microsoftkernelcodesigning"] = "1.3.6.1.4.1.311.61.1.1",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static X509KeyUsageFlags Key(IReadOnlyList<string> names) => names.Aggregate(X509KeyUsageFlags.None, (usages, name) => usages | (Plain(name) switch
    {
        "certsign" or "crlsign" => throw new RenderedException($"keyUsage: {name} belongs to CA certificates, and a provisioner gives none"),
        var plain => KeyUsages.TryGetValue(plain, out var usage) ? usage : throw new RenderedException($"keyUsage: {name} is not known"),
    }));

    public static ImmutableArray<string> Extended(IReadOnlyList<string> names, IReadOnlyList<string> oids) =>
        [.. names.Select(Named).Concat(oids.Select(oid => Allowed(RenderedOid.Require(oid, "unknownExtKeyUsage")))).Distinct(StringComparer.Ordinal)];

    /// <summary>As step-ca names it; null: it has no name.</summary>
    public static string? NameOf(string oid) => oid switch
    {
        Oids.ServerAuth => "serverAuth",
        Oids.ClientAuth => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        _ => null,
    };

    private static string Named(string name) => Plain(name) switch
    {
        "any" => Allowed(Oids.AnyExtendedKeyUsage),
        "ocspsigning" => Allowed(Oids.OcspSigning),
        var plain => ExtendedKeyUsages.GetValueOrDefault(plain) ?? throw new RenderedException($"extKeyUsage: {name} is not known"),
    };

    private static string Allowed(string oid) => oid is Oids.AnyExtendedKeyUsage or Oids.OcspSigning
        ? throw new RenderedException("extKeyUsage: any and ocspSigning are given to nobody: the one is for everything, the other speaks for the authority")
        : oid;

    private static string Plain(string name) => name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal);
}
