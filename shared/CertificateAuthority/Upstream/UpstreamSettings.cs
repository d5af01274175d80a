namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>The names of the settings by which another authority with step-ca's API is described.</summary>
/// <param name="prefix">Of all of them.</param>
public sealed class UpstreamSettings(string prefix)
{
    /// <summary>Of the authority that signs leaves.</summary>
    public static UpstreamSettings Leaves { get; } = new("IOT_UPSTREAM_CA");

    /// <summary>Of the authority that signs the Intermediate CA.</summary>
    public static UpstreamSettings Root { get; } = new("IOT_ROOT_CA");

    public string Url => $"{prefix}_URL";

    public string Fingerprint => $"{prefix}_FINGERPRINT";

    public string Provisioner => $"{prefix}_PROVISIONER";

    /// <summary>A secret.</summary>
    public string Password => $"{prefix}_PASSWORD";

    public string Key => $"{prefix}_KEY";

    public string Certificate => $"{prefix}_CERTIFICATE";

    public IReadOnlyList<string> All => [Url, Fingerprint, Provisioner, Password, Key, Certificate];
}
