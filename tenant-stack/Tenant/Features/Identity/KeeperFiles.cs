using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Identity;

/// <summary>What the data folder keeps of the tenant's realm, beside the other secrets and as they are: mode 0600.</summary>
internal sealed class KeeperFiles(DataFolder folder)
{
    private const string Marker = "keycloak-realm";

    /// <summary>The keeper's secret, made on first use and stored before Keycloak hears of it.</summary>
    public string KeeperSecret() => Secret("keycloak-keeper-secret");

    public string PortalSecret() => Secret("keycloak-portal-secret");

    /// <summary>Whether the realm of this issuer has been set up from here.</summary>
    public bool IsSetUp(string issuer) => folder.TryRead(Marker) is { } content && Encoding.UTF8.GetString(content) == issuer;

    public void SetUp(string issuer) => folder.WriteSecret(Marker, Encoding.UTF8.GetBytes(issuer));

    /// <summary>The next boot with an administrator's password sets the realm up again.</summary>
    public void Forget() => folder.WriteSecret(Marker, []);

    private string Secret(string name) => folder.ReadOrCreateSecret(name, () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
}
