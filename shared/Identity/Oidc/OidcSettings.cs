namespace IoTPlatform.Identity.Oidc;

/// <summary>The names of the settings that choose and describe the identity provider.</summary>
public static class OidcSettings
{
    /// <summary><c>local</c> (default) or <c>keycloak</c>.</summary>
    public const string Identity = "IOT_IDENTITY";

    /// <summary>The issuer, exactly as the tokens name it: for Keycloak <c>https://host/realms/realm</c>.</summary>
    public const string Issuer = "IOT_OIDC_ISSUER";

    /// <summary>Where this host itself reaches the issuer, when not under its public address.</summary>
    public const string BackChannel = "IOT_OIDC_BACKCHANNEL";

    /// <summary>What an access token for this API has among its audiences.</summary>
    public const string Audience = "IOT_OIDC_AUDIENCE";

    /// <summary>PEM file: the only CAs that may have certified the identity provider's server.</summary>
    public const string Ca = "IOT_OIDC_CA";

    public static IReadOnlyList<string> All { get; } = [Identity, Issuer, BackChannel, Audience, Ca];
}
