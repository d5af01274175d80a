using System.Globalization;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Portal.Pages;

/// <summary>Emergencies for people.</summary>
public static class EmergencyWords
{
    private static readonly Dictionary<string, (string Title, string Target)> Kinds = new(StringComparer.Ordinal)
    {
        ["sub-ca"] = ("A tenant's Sub-CA key", "the tenant's id, or a serial number"),
        ["bridge"] = ("A tenant's bridge key", "the tenant's id, or a serial number"),
        ["intermediate"] = ("The Intermediate CA's key", "now"),
        ["issuer"] = ("The key of an issuer beside the stack's own", "the issuer's name"),
        ["key"] = ("The key of a certificate", "the certificate's serial number, or the key's SHA-256"),
        ["profile"] = ("All certificates of a type", "leaf, service or mqtt-bridge"),
        ["device"] = ("A device", "the device's id"),
        ["batch"] = ("All devices of an enrolment token", "the token's id"),
        ["device-type"] = ("All devices of a type", "the type"),
    };

    /// <summary>What is in other hands.</summary>
    public static string Title(string kind) => Kinds.TryGetValue(kind, out var words) ? words.Title : kind;

    /// <summary>How it is named.</summary>
    public static string Target(string kind) => Kinds.TryGetValue(kind, out var words) ? words.Target : "";

    /// <summary>Only a start with the root key can do it.</summary>
    public static bool IsDoneElsewhere(string kind) => kind == "intermediate";

    /// <summary>Which kind is about this certificate; null: it is not named by its certificate.</summary>
    public static string? KindOf(string profile) => profile switch
    {
        "issuer" => null,
        "tenant-sub-ca" => "sub-ca",
        "mqtt-bridge" => "bridge",
        "intermediate" => "intermediate",
        _ => "key",
    };

    /// <summary>What a person types to confirm: the name that was looked at; of a number, whose certificate it is.</summary>
    public static string Expected(EmergencyView plan, string target) =>
        plan.Subjects is [var subject, ..] && (SerialNumber.TryParse(target, out _) || target.Length > 40) ? subject : target;

    /// <summary>"3 tenant's Sub-CA, 1 device".</summary>
    public static string Counted(IEnumerable<EmergencyCount> profiles, Func<EmergencyCount, int> count) => string.Join(
        ", ", profiles.Where(p => count(p) > 0).Select(p => string.Create(CultureInfo.CurrentCulture, $"{count(p):N0} {CertificateWords.Kind(p.Profile)}")));
}
