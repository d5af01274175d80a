using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>
/// Clients through Keycloak's registration service: the provisioner's account makes one, and from then on the client's own
/// registration access token, and nothing else, reads, changes and deletes it. Every change answers a new token and voids the old.
/// </summary>
internal sealed class KeycloakClients(KeycloakHttp http, KeycloakRealm realm, SecretStore<ProviderDb> secrets)
{
    /// <summary>The registration access token; null: the client id is in use. Throws 503 where the realm or our account isn't set up.</summary>
    public async Task<string?> RegisterAsync(JsonObject client, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(HttpMethod.Post, realm.Registration, KeycloakHttp.Bearer(await ProvisionerAsync(cancellationToken)), client, cancellationToken);
        return answer switch
        {
            { Status: HttpStatusCode.Created } => Token(answer),
            { Status: HttpStatusCode.BadRequest, Error: "invalid_client_metadata" } when IsInUse(answer) => null,
            { Status: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } => throw NotSetUp("does not let the platform's account create this client"),
            _ => throw answer.Unexpected("refused to register a client"),
        };
    }

    /// <summary>Null if the token is no longer valid: the client was deleted, or a newer token was issued.</summary>
    public async Task<JsonObject?> ReadAsync(string clientId, string token, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(HttpMethod.Get, realm.RegistrationOf(clientId), KeycloakHttp.Bearer(token), body: null, cancellationToken);
        return answer.Status == HttpStatusCode.Unauthorized ? null : answer.Require("show a client", HttpStatusCode.OK).Object;
    }

    /// <summary>The new token.</summary>
    public async Task<string> ChangeAsync(JsonObject client, string token, CancellationToken cancellationToken)
    {
        var url = realm.RegistrationOf(Representation.Text(client, "clientId"));
        var answer = await http.SendAsync(HttpMethod.Put, url, KeycloakHttp.Bearer(token), client, cancellationToken);
        return Token(answer.Require("change a client", HttpStatusCode.OK));
    }

    /// <summary>False: the token opens nothing any more.</summary>
    public async Task<bool> DeleteAsync(string clientId, string token, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(HttpMethod.Delete, realm.RegistrationOf(clientId), KeycloakHttp.Bearer(token), body: null, cancellationToken);
        return answer.Status != HttpStatusCode.Unauthorized && answer.Require("delete a client", HttpStatusCode.NoContent, HttpStatusCode.OK) is not null;
    }

    /// <summary>Whether there is such a client with this secret: only its holder may introspect (RFC 7662 section 2.1), whatever the token.</summary>
    public async Task<bool> AuthenticatesAsync(string clientId, string secret, CancellationToken cancellationToken)
    {
        var answer = await http.PostFormAsync(realm.Introspection, KeycloakHttp.Basic(clientId, secret), cancellationToken, ("token", "none"));
        return answer.Status switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest or HttpStatusCode.Forbidden => false, // 403: a public client, which has no secret
            _ => throw answer.Unexpected("refused to introspect a token"),
        };
    }

    private async Task<string> ProvisionerAsync(CancellationToken cancellationToken)
    {
        var secret = await secrets.FindAsync(PlatformClients.Provisioner, cancellationToken) ?? throw NotSetUp("has not been set up");
        var answer = await http.PostFormAsync(realm.Token, KeycloakHttp.Basic(PlatformClients.Provisioner, secret), cancellationToken, ("grant_type", "client_credentials"));
        return answer.Status switch
        {
            HttpStatusCode.OK => Representation.Text(answer.Object, "access_token"),
            HttpStatusCode.NotFound => throw NotSetUp($"has no realm {realm.Name}"),
            HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest or HttpStatusCode.Forbidden => throw NotSetUp("refuses the platform's account"),
            _ => throw answer.Unexpected("refused a token"),
        };
    }

    // The same error stands for every flaw of a representation.
    private static bool IsInUse(KeycloakAnswer answer) => Representation.Text(answer.Object, "error_description").Contains("in use", StringComparison.Ordinal);

    private static string Token(KeycloakAnswer answer) => Representation.Text(answer.Object, "registrationAccessToken");

    private static ProblemException NotSetUp(string what) => new(
        StatusCodes.Status503ServiceUnavailable, "identity_not_initialized", $"The identity provider {what}. Run 'iot identity init' once; what waits goes on by itself.", TimeSpan.FromSeconds(30));
}

/// <summary>The names of what the platform keeps in its realm for itself.</summary>
internal static class PlatformClients
{
    /// <summary>The one account that makes the tenants' clients: it may create clients and nothing else.</summary>
    public const string Provisioner = "iot-provisioner";

    /// <summary>Scope of the tenants' clients: shows a tenant's realm the platform roles of who signs in, and opens nothing here.</summary>
    public const string FederationScope = "iot-federation";

    /// <summary>Those that the scope shows.</summary>
    public static readonly string[] FederationRoles = [PlatformRoles.Admin, PlatformRoles.Operator];
}
