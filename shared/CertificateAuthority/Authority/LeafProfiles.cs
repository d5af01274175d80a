using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

internal static class LeafProfiles
{
    /// <summary>What a one-time token buys.</summary>
    public static CertificateProfile Leaf(CertificateAuthorityOptions options) =>
        Profiles.Leaf with { DefaultLifetime = options.DefaultLeafLifetime, MaxLifetime = options.MaxLeafLifetime };
}
