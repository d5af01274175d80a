using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>Another authority with step-ca's API, which signs what this one asks it for.</summary>
public sealed record UpstreamOptions
{
    private const int FingerprintLength = 64;

    /// <summary>By which it was described.</summary>
    public UpstreamSettings Settings { get; init; } = UpstreamSettings.Leaves;

    /// <summary>https.</summary>
    public required Uri Url { get; init; }

    /// <summary>SHA-256 of its root, lower-case hex.</summary>
    public required string RootFingerprint { get; init; }

    public required UpstreamCredential Credential { get; init; }

    /// <summary>Null: there is none. What is wrong is kept by the reader.</summary>
    public static UpstreamOptions? Read(SettingsReader settings, UpstreamSettings names)
    {
        var url = settings.Url(names.Url, Uri.UriSchemeHttps);
        var (fingerprint, provisioner, password) = (settings[names.Fingerprint], settings[names.Provisioner], settings.Secret(names.Password));
        var (key, certificate) = (settings[names.Key], settings[names.Certificate]);
        if (settings[names.Url] is null)
        {
            if ((fingerprint ?? provisioner ?? password ?? key ?? certificate) is not null)
            {
                settings.Add($"{names.Url} is missing: the https URL of the authority upstream");
            }

            return null;
        }

        var root = ReadFingerprint(settings, names);
        if (provisioner is null)
        {
            settings.Add($"{names.Provisioner} is missing: the name of the JWK or X5C provisioner upstream");
        }

        if (certificate is null ? (password ?? key) is null : key is null)
        {
            settings.Add(certificate is null
                ? $"{names.Password} is missing: it opens the key of the JWK provisioner; or give that key in {names.Key}, or {names.Certificate} and {names.Key} for an X5C provisioner"
                : $"{names.Key} is missing: the key of {names.Certificate}, in PEM");
            return null;
        }

        return url is null || root is null || provisioner is null ? null : new UpstreamOptions
        {
            Settings = names,
            Url = url,
            RootFingerprint = root,
            Credential = new UpstreamCredential(provisioner) { Password = password, KeyFile = key, CertificateFile = certificate },
        };
    }

    /// <summary>Lower-case hex; null: it is none, which is kept by the reader.</summary>
    internal static string? ReadFingerprint(SettingsReader settings, UpstreamSettings names)
    {
        var digits = settings[names.Fingerprint]?.Replace(":", "", StringComparison.Ordinal);
        if (digits is { Length: FingerprintLength } && digits.All(char.IsAsciiHexDigit))
        {
            return digits.ToLowerInvariant();
        }

        settings.Add($"{names.Fingerprint} is not a SHA-256 fingerprint of the root upstream (64 hex digits; step certificate fingerprint root_ca.crt)");
        return null;
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
