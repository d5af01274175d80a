using IoTPlatform.Identity.Oidc;


namespace IoTPlatform.Keycloak;

/// <summary>The addresses of one realm, as this host reaches them.</summary>
public sealed class KeycloakRealm
{
    private const string Realms = "/realms/";
    private readonly string _server;

    public KeycloakRealm(OidcOptions options)
    {
        var url = options.Reached.AbsoluteUri.TrimEnd('/');
        var at = url.LastIndexOf(Realms, StringComparison.Ordinal);
        _server = url[..at];
        Name = url[(at + Realms.Length)..];
    }

    public string Name { get; }

    public Uri Token => InRealm("protocol/openid-connect/token");

    public Uri Introspection => InRealm("protocol/openid-connect/token/introspect");

    /// <summary>Client registration in Keycloak's own representation.</summary>
    public Uri Registration => InRealm("clients-registrations/default");

    public Uri RegistrationOf(string clientId) => InRealm($"clients-registrations/default/{Uri.EscapeDataString(clientId)}");

    public Uri TokenOf(string realm) => new($"{_server}{Realms}{Uri.EscapeDataString(realm)}/protocol/openid-connect/token");

    public Uri AllRealms => new($"{_server}/admin/realms");

    /// <summary>The admin API below this realm; the path escaped, empty for the realm itself.</summary>
    public Uri Admin(string path) => new($"{_server}/admin/realms/{Name}{(path.Length == 0 ? "" : "/")}{path}");

    /// <summary>Whether it is a Keycloak realm's URL: <c>…/realms/name</c>.</summary>
    public static bool IsOne(Uri issuer) => issuer.Segments is [.., "realms/", [not '/', ..]];

    private Uri InRealm(string path) => new($"{_server}{Realms}{Name}/{path}");
}
