using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>Another authority with step-ca's API, which signs leaves in this one's place: this one is its registration authority.</summary>
public sealed record UpstreamOptions
{
    public const string UrlSetting = "IOT_UPSTREAM_CA_URL";
    public const string FingerprintSetting = "IOT_UPSTREAM_CA_FINGERPRINT";
    public const string ProvisionerSetting = "IOT_UPSTREAM_CA_PROVISIONER";
    public const string PasswordSetting = "IOT_UPSTREAM_CA_PASSWORD";
    public const string KeySetting = "IOT_UPSTREAM_CA_KEY";
    public const string CertificateSetting = "IOT_UPSTREAM_CA_CERTIFICATE";

    private const int FingerprintLength = 64;

    public static IReadOnlyList<string> Settings { get; } = [UrlSetting, FingerprintSetting, ProvisionerSetting, PasswordSetting, KeySetting, CertificateSetting];

    /// <summary>https.</summary>
    public required Uri Url { get; init; }

    /// <summary>SHA-256 of its root, lower-case hex.</summary>
    public required string RootFingerprint { get; init; }

    public required UpstreamCredential Credential { get; init; }

    /// <summary>Null: leaves are signed here. What is wrong is kept by the reader.</summary>
    public static UpstreamOptions? Read(SettingsReader settings)
    {
        var url = settings.Url(UrlSetting, Uri.UriSchemeHttps);
        var (fingerprint, provisioner, password) = (settings[FingerprintSetting], settings[ProvisionerSetting], settings.Secret(PasswordSetting));
        var (key, certificate) = (settings[KeySetting], settings[CertificateSetting]);
        if (settings[UrlSetting] is null)
        {
            if ((fingerprint ?? provisioner ?? password ?? key ?? certificate) is not null)
            {
                settings.Add($"{UrlSetting} is missing: the https URL of the authority upstream");
            }

            return null;
        }

        var digits = fingerprint?.Replace(":", "", StringComparison.Ordinal);
        if (digits is not { Length: FingerprintLength } || !digits.All(char.IsAsciiHexDigit))
        {
            settings.Add($"{FingerprintSetting} is not a SHA-256 fingerprint of the root upstream (64 hex digits; step certificate fingerprint root_ca.crt)");
            digits = null;
        }

        if (provisioner is null)
        {
            settings.Add($"{ProvisionerSetting} is missing: the name of the JWK or X5C provisioner upstream");
        }

        if (certificate is null ? (password ?? key) is null : key is null)
        {
            settings.Add(certificate is null
                ? $"{PasswordSetting} is missing: it opens the key of the JWK provisioner; or give that key in {KeySetting}, or {CertificateSetting} and {KeySetting} for an X5C provisioner"
                : $"{KeySetting} is missing: the key of {CertificateSetting}, in PEM");
            return null;
        }

        return url is null || digits is null || provisioner is null ? null : new UpstreamOptions
        {
            Url = url,
            RootFingerprint = digits.ToLowerInvariant(),
            Credential = new UpstreamCredential(provisioner) { Password = password, KeyFile = key, CertificateFile = certificate },
        };
    }
}

/// <summary>By which upstream knows this host. It may do whatever the provisioner may: give it one of its own.</summary>
/// <param name="provisioner">Name of a JWK or X5C provisioner upstream.</param>
public sealed class UpstreamCredential(string provisioner)
{
    public string Provisioner => provisioner;

    /// <summary>Of the key: the JWK provisioner's, or that of <see cref="KeyFile"/>.</summary>
    internal string? Password { get; init; }

    /// <summary>PEM, or a JWK in JSON or as JWE; null: the key that upstream hands out, encrypted.</summary>
    internal string? KeyFile { get; init; }

    /// <summary>PEM, the certificate of the X5C credential first, its issuers after it; null: the provisioner is a JWK provisioner.</summary>
    internal string? CertificateFile { get; init; }

    public static UpstreamCredential Jwk(string provisioner, string password) => new(provisioner) { Password = password };

    public static UpstreamCredential X5c(string provisioner, string certificateFile, string keyFile) => new(provisioner) { CertificateFile = certificateFile, KeyFile = keyFile };
}
