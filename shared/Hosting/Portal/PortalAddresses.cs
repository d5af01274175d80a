namespace IoTPlatform.Hosting.Portal;

/// <summary>The portal's addresses that its client at the identity provider is registered with.</summary>
public static class PortalAddresses
{
    public static Uri Home(Uri publicUrl) => new(publicUrl, "portal");

    public static Uri Callback(Uri publicUrl) => new(publicUrl, "portal/oidc/callback");

    public static Uri Login(Uri publicUrl) => new(publicUrl, "portal/oidc/login");
}
