using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Portal.Components;

namespace IoTPlatform.Portal.Pages;

/// <summary>Certificates for people.</summary>
public static class CertificateWords
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    // As people write it; markup is what a page encodes.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["root"] = "Root CA",
        ["intermediate"] = "Intermediate CA",
        ["tenant-sub-ca"] = "tenant's Sub-CA",
        ["mqtt-bridge"] = "tenant's bridge",
        ["service"] = "service",
        ["device"] = "device",
    };

    public static IEnumerable<string> Profiles => Kinds.Keys;

    public static IReadOnlyList<string> States { get; } = ["valid", "expiring", "expired", "revoked"];

    /// <summary>CRLReason (RFC 5280 section 5.3.1) as a person chooses one.</summary>
    public static IReadOnlyList<(int Code, string Text)> Reasons { get; } =
    [
        (0, "no particular reason"), (1, "its key was exposed"), (3, "its holder changed"), (4, "replaced by another"), (5, "no longer in use"), (6, "on hold, may be released"), (9, "a right was withdrawn"),
    ];

    /// <summary>What a page's address asks for. <paramref name="from"/> and <paramref name="until"/> are days, UTC, on which it ends.</summary>
    public static CertificateQuery Query(string? text, string? profile, string? state, string? issuer, string? provisioner, long? endpoint, DateTimeOffset now, string? from = null, string? until = null) => new()
    {
        Text = text?.Trim(),
        Profile = Given(profile),
        Issuer = Given(issuer),
        Provisioner = Given(provisioner),
        Endpoint = endpoint,
        Revoked = state switch { "revoked" => true, "valid" or "expiring" or "expired" => false, _ => null },
        ExpiringAfter = Latest(state is "valid" or "expiring" ? now : null, Day(from)),
        ExpiringBefore = Earliest(state switch { "expiring" => now + Soon, "expired" => now, _ => null }, Day(until)?.AddDays(1)),
    };

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? other) => one > other || other is null ? one : other;

    private static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? other) => one < other || other is null ? one : other;

    /// <summary>Its beginning, UTC; what is no date is no filter.</summary>
    private static DateTimeOffset? Day(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day < DateOnly.MaxValue ? new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;

    /// <summary>A definition as ca.json has it, a member a line.</summary>
    public static string Json(JsonElement definition) => JsonSerializer.Serialize(definition, Indented);

    public static string Kind(string profile) => Kinds.GetValueOrDefault(profile, profile);

    public static string State(CertificateSummary certificate, DateTimeOffset now) =>
        certificate.RevokedAt is not null ? certificate.ReasonCode == (int)RevocationReason.CertificateHold ? "on hold" : "revoked"
        : certificate.NotAfter <= now ? "expired"
        : certificate.NotBefore > now ? "not yet valid"
        : IsExpiring(certificate, now) ? "expires soon"
        : "valid";

    public static StateTone Tone(CertificateSummary certificate, DateTimeOffset now) =>
        certificate.RevokedAt is not null ? StateTone.Bad
        : certificate.NotAfter <= now ? StateTone.Neutral
        : IsExpiring(certificate, now) ? StateTone.Warning
        : StateTone.Good;

    public static string State(EndpointSummary endpoint) => endpoint.Active == 0 ? "ended" : endpoint.Expiring ? "expires soon, not renewed" : "active";

    public static StateTone Tone(EndpointSummary endpoint) => endpoint.Active == 0 ? StateTone.Neutral : endpoint.Expiring ? StateTone.Warning : StateTone.Good;

    /// <summary>"ECDSA P-256".</summary>
    public static string Key(X509Certificate2 certificate)
    {
        using var ecdsa = certificate.GetECDsaPublicKey();
        using var rsa = certificate.GetRSAPublicKey();
        return ecdsa is not null ? $"ECDSA, {ecdsa.KeySize} bit" : rsa is not null ? $"RSA, {rsa.KeySize} bit" : certificate.PublicKey.Oid.FriendlyName ?? certificate.GetKeyAlgorithm();
    }

    public static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant();

    /// <summary>Null: none of these signed it. By its signature, because an Intermediate CA that replaced another has the same name.</summary>
    public static X509Certificate2? IssuerOf(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers)
    {
        var parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        return issuers.FirstOrDefault(issuer => IssuerInfo.FromCertificate(issuer).HasSigned(parsed));
    }

    private static string? Given(string? text) => text?.Trim() is { Length: > 0 } given ? given : null;

    // What lives for a day is renewed every day: that it ends within a month says nothing.
    private static bool IsExpiring(CertificateSummary certificate, DateTimeOffset now) =>
        certificate.NotAfter - now < Soon && certificate.NotAfter - certificate.NotBefore > 2 * Soon;
}
