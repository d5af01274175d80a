namespace IoTPlatform.Identity.Oidc;

/// <summary>An identity provider whose access tokens are accepted.</summary>
public sealed record OidcOptions
{
    public const string DefaultAudience = "iot-bridge-api";

    /// <summary>Compared with the tokens' "iss" character by character.</summary>
    public required string Issuer { get; init; }

    /// <summary>What others are told to read (OpenID Connect Discovery 1.0 section 4).</summary>
    public Uri DiscoveryUrl => new(Issuer.TrimEnd('/') + "/.well-known/openid-configuration");

    public string Audience { get; init; } = DefaultAudience;

    /// <summary>The issuer as this host reaches it; null: under its own address.</summary>
    public Uri? BackChannel { get; init; }

    /// <summary>Where this host itself reaches the issuer.</summary>
    public Uri Reached => BackChannel switch
    {
        null => new Uri(Issuer),
        { AbsolutePath: "/" } origin => new Uri(origin, new Uri(Issuer).AbsolutePath), // just another address of the same server
        var whole => whole,
    };

    /// <summary>PEM file: a root and every intermediate that may certify the identity provider's server; null: the machine's roots.</summary>
    public string? CaFile { get; init; }
}
