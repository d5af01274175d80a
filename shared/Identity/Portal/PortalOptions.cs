using IoTPlatform.Identity.Oidc;

namespace IoTPlatform.Identity.Portal;

/// <summary>One stack's portal.</summary>
public sealed record PortalOptions
{
    /// <summary>Part of its cookies' names: hosts on other ports of one machine share a browser's cookies. Letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>Shown to users.</summary>
    public required string Title { get; init; }

    /// <summary>Where browsers reach this host; ends with a slash.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary>Where a signed-in browser begins; null: at the page that says who is signed in.</summary>
    public string? HomePath { get; init; }
}

/// <summary>The provider of the platform, whose staff signs in at a tenant that has no identity provider of its own.</summary>
public sealed record PlatformProvider
{
    /// <summary>Where its staff has its accounts.</summary>
    public required OidcOptions Issuer { get; init; }

    /// <summary>The tenant there.</summary>
    public required string ClientId { get; init; }
}

/// <summary>The portal's client at the identity provider, and the addresses that it is registered with.</summary>
public static class PortalAddresses
{
    /// <summary>Staff sign in through it.</summary>
    public const string ClientId = "iot-portal";

    public static Uri Home(Uri publicUrl) => new(publicUrl, "portal");

    public static Uri Callback(Uri publicUrl) => new(publicUrl, "portal/oidc/callback");

    public static Uri Login(Uri publicUrl) => new(publicUrl, "portal/oidc/login");
}
