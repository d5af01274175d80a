using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>The platform's certificate profiles: the trust hierarchy, row by row.</summary>
public static class Profiles
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);
    private static readonly ImmutableArray<KeyKind> AnyKey = [KeyKind.P256, KeyKind.P384, KeyKind.P521, KeyKind.Rsa2048OrMore, KeyKind.Ed25519];

    /// <summary>Self-signed trust anchor of the platform.</summary>
    public static CertificateProfile Root { get; } = Ca("root", pathLength: 2, 10 * Year, KeyKind.P384, KeyKind.P256);

    /// <summary>The provider's online issuer.</summary>
    public static CertificateProfile Intermediate { get; } = Ca("intermediate", pathLength: 1, 5 * Year, KeyKind.P256);

    /// <summary>An issuer of the provider's own beside the Intermediate CA; it signs leaves alone.</summary>
    public static CertificateProfile Issuer { get; } = Ca("issuer", pathLength: 0, 5 * Year, KeyKind.P256);

    /// <summary>A tenant's issuer: hostile by assumption, so it is boxed in by critical name constraints.</summary>
    public static CertificateProfile TenantSubCa { get; } = Ca("tenant-sub-ca", pathLength: 0, 2 * Year, KeyKind.P256) with { RequiresNameConstraints = true };

    /// <summary>HTTPS server certificate of a provider or tenant service.</summary>
    public static CertificateProfile Service { get; } = new()
    {
        Name = "service",
        KeyUsages = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment,
        ExtendedKeyUsages = [Oids.ServerAuth, Oids.ClientAuth],
        DefaultLifetime = Year,
        MaxLifetime = Year,
        Keys = [KeyKind.P256],
        AllowedNames = SanKinds.Dns | SanKinds.Ip | SanKinds.Uri,
        RequiresCommonName = true,
        NameRule = NameRules.Service,
    };

    /// <summary>A tenant's MQTT bridge to the provider: CN from <see cref="MqttBridgeName"/>, URI SAN from <see cref="SpiffeId.Bridge"/>.</summary>
    public static CertificateProfile MqttBridge { get; } = new()
    {
        Name = "mqtt-bridge",
        KeyUsages = X509KeyUsageFlags.DigitalSignature,
        ExtendedKeyUsages = [Oids.ClientAuth],
        DefaultLifetime = Year,
        MaxLifetime = Year,
        Keys = [KeyKind.P256],
        AllowedNames = SanKinds.Uri,
        RequiredNames = SanKinds.Uri,
        RequiresCommonName = true,
        NameRule = NameRules.Bridge,
        MinIssuerPathLength = 1,
    };

    /// <summary>A device: CN = DNS SAN = device id, URI SAN from <see cref="SpiffeId.Device"/>. For another lifetime see <see cref="DeviceFor"/>.</summary>
    public static CertificateProfile Device { get; } = new()
    {
        Name = "device",
        KeyUsages = X509KeyUsageFlags.DigitalSignature,
        ExtendedKeyUsages = [Oids.ClientAuth],
        DefaultLifetime = TimeSpan.FromHours(24),
        MaxLifetime = Year,
        Keys = AnyKey,
        AllowedNames = SanKinds.Dns | SanKinds.Uri,
        RequiredNames = SanKinds.Dns | SanKinds.Uri,
        RequiresCommonName = true,
        NameRule = NameRules.Device,
    };

    /// <summary>step-ca's default leaf: issued for a one-time token of a JWK provisioner.</summary>
    public static CertificateProfile Leaf { get; } = new()
    {
        Name = "leaf",
        KeyUsages = X509KeyUsageFlags.DigitalSignature,
        KeyEnciphermentForRsa = true,
        ExtendedKeyUsages = [Oids.ServerAuth, Oids.ClientAuth],
        DefaultLifetime = TimeSpan.FromHours(24),
        MaxLifetime = TimeSpan.FromHours(24),
        Keys = AnyKey,
        AllowedNames = SanKinds.Dns | SanKinds.Ip | SanKinds.Uri | SanKinds.Email | SanKinds.PermanentIdentifier,
    };

    /// <summary>Signs OCSP responses for one issuer (RFC 6960 4.2.2.2). Nobody can ask whether it is revoked, so it is short-lived.</summary>
    public static CertificateProfile OcspResponder { get; } = new()
    {
        Name = "ocsp-responder",
        KeyUsages = X509KeyUsageFlags.DigitalSignature,
        ExtendedKeyUsages = [Oids.OcspSigning],
        DefaultLifetime = TimeSpan.FromHours(24),
        MaxLifetime = TimeSpan.FromHours(24),
        Keys = [KeyKind.P256],
        RequiresCommonName = true,
        IsOcspResponder = true,
    };

    public static ImmutableArray<CertificateProfile> All { get; } = [Root, Intermediate, Issuer, TenantSubCa, Service, MqttBridge, Device, Leaf, OcspResponder];

    /// <summary>The device profile with the lifetime this tenant configured (5 minutes to 1 year).</summary>
    public static CertificateProfile DeviceFor(TimeSpan lifetime) =>
        lifetime < TimeSpan.FromMinutes(5) || lifetime > Year
            ? throw new PkiException(PkiError.ProfileViolation, "The device certificate lifetime must be between 5 minutes and 365 days.")
            : Device with { DefaultLifetime = lifetime, MaxLifetime = lifetime };

    public static CertificateProfile? ByName(string name) => All.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.Ordinal));

    private static CertificateProfile Ca(string name, int pathLength, TimeSpan lifetime, params ImmutableArray<KeyKind> keys) => new()
    {
        Name = name,
        IsCa = true,
        PathLength = pathLength,
        KeyUsages = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign,
        DefaultLifetime = lifetime,
        MaxLifetime = lifetime,
        Keys = keys,
        RequiresCommonName = true,
        MinIssuerPathLength = pathLength + 1,
    };
}
