using System.Text;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Identity;

/// <summary>Which realm has been set up from this data folder.</summary>
internal sealed class RealmMarker(DataFolder folder)
{
    private const string File = "keycloak-realm";

    /// <summary>Whether the realm of this issuer has been set up from here.</summary>
    public bool IsSetUp(string issuer) => folder.TryRead(File) is { } content && Encoding.UTF8.GetString(content) == issuer;

    public void SetUp(string issuer) => folder.WriteSecret(File, Encoding.UTF8.GetBytes(issuer));

    /// <summary>The next boot with an administrator's password sets the realm up again.</summary>
    public void Forget() => folder.WriteSecret(File, []);
}
