using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Finds the profile of a leaf without asking the store; the ledger compares with what is stored and has the last word.</summary>
internal static class LeafProfiles
{
    public static CertificateProfile Guess(LeafIdentity leaf, CertificateAuthorityOptions options)
    {
        var serverAuth = leaf.Parsed.ExtendedKeyUsages.Contains(Oids.ServerAuth);
        var keyEncipherment = leaf.Parsed.KeyUsages is { } usages && usages.HasFlag(X509KeyUsageFlags.KeyEncipherment);
        return (serverAuth, keyEncipherment) switch
        {
            (true, true) when leaf.Key != KeyKind.Rsa2048OrMore => Profiles.Service,
            (true, _) => Leaf(options),
            _ => leaf.Parsed.Names.Dns.IsEmpty ? Profiles.MqttBridge : Profiles.Device,
        };
    }

    /// <summary>A stored profile name, with this host's lifetimes.</summary>
    public static CertificateProfile? ByName(string name, CertificateAuthorityOptions options) =>
        string.Equals(name, Profiles.Leaf.Name, StringComparison.Ordinal) ? Leaf(options) : Profiles.ByName(name);

    /// <summary>What a one-time token buys.</summary>
    public static CertificateProfile Leaf(CertificateAuthorityOptions options) =>
        Profiles.Leaf with { DefaultLifetime = options.DefaultLeafLifetime, MaxLifetime = options.MaxLeafLifetime };
}
