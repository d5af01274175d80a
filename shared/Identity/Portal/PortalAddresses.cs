namespace IoTPlatform.Identity.Portal;

/// <summary>The portal's client at the identity provider, and the addresses that it is registered with.</summary>
public static class PortalAddresses
{
    /// <summary>Staff sign in through it.</summary>
    public const string ClientId = "iot-portal";

    public static Uri Home(Uri publicUrl) => new(publicUrl, "portal");

    public static Uri Callback(Uri publicUrl) => new(publicUrl, "portal/oidc/callback");

    public static Uri Login(Uri publicUrl) => new(publicUrl, "portal/oidc/login");
}
