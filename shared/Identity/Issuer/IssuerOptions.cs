using IoTPlatform.Identity.Oidc;

namespace IoTPlatform.Identity.Issuer;

/// <summary>A stack's own OpenID provider, on its local accounts. With another identity provider configured it is beside that one.</summary>
public sealed record IssuerOptions
{
    /// <summary>Where browsers and other servers reach this host; ends with a slash.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary>The last part of its issuer, as with a realm of Keycloak's.</summary>
    public required string Realm { get; init; }

    /// <summary>People get ID tokens for certificates through the client <see cref="StepClient"/>.</summary>
    public bool HasStepClient { get; init; }

    public Uri Issuer => new(PublicUrl, $"realms/{Realm}");

    /// <summary>Its access tokens, as this host's own API accepts them.</summary>
    public OidcOptions Tokens => new() { Issuer = Issuer.AbsoluteUri, IsThisHost = true };
}

/// <summary>Where its endpoints are, below the public URL: where Keycloak has them, so that an address says nothing about who answers.</summary>
internal sealed class IssuerPaths(IssuerOptions options)
{
    public string Discovery => $"realms/{options.Realm}/.well-known/openid-configuration";

    public string Authorization => Endpoint("auth");

    public string Token => Endpoint("token");

    public string UserInfo => Endpoint("userinfo");

    public string EndSession => Endpoint("logout");

    public string Keys => Endpoint("certs");

    public string Revocation => Endpoint("revoke");

    public string Introspection => Endpoint("token/introspect");

    public string DeviceAuthorization => Endpoint("auth/device");

    /// <summary>Where a person enters the code that a device shows; short, because it is typed.</summary>
    public string Verification => $"realms/{options.Realm}/device";

    /// <summary>The form of its sign-in page.</summary>
    public string DeviceSignIn => $"realms/{options.Realm}/device/sign-in";

    /// <summary>The form of the sign-in page.</summary>
    public string SignIn => $"realms/{options.Realm}/sign-in";

    /// <summary>The form of the page that asks whether a program may work as the person.</summary>
    public string LetIn => $"realms/{options.Realm}/let-in";

    /// <summary>The form of the sign-out page.</summary>
    public string SignOut => $"realms/{options.Realm}/sign-out";

    /// <summary>Its public address, which the discovery document names; and the same path under whatever other name this host was called by.</summary>
    public string[] Of(string path) => [new Uri(options.PublicUrl, path).AbsoluteUri, path];

    private string Endpoint(string name) => $"realms/{options.Realm}/protocol/openid-connect/{name}";
}

/// <summary>What clients may ask for.</summary>
public static class IssuerScopes
{
    /// <summary>The client id of the command line.</summary>
    public const string CommandLine = "iot-cli";

    /// <summary>Of a client without a secret.</summary>
    internal static bool IsPublic(string? clientId) => clientId is CommandLine or StepClient.Id;

    /// <summary>Where it takes its answers, on a port of its choice.</summary>
    public static readonly Uri CommandLineRedirect = new("http://127.0.0.1/");

    /// <summary>Access to this stack's API: the audience, and the roles in the access token.</summary>
    public const string Api = "iot-bridge-api";

    /// <summary>Of the tenants' clients, which have it without asking: the platform roles in the ID token, and nothing that opens anything here.</summary>
    public const string Federation = "iot-federation";
}
