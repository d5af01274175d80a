using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Hosting;

namespace IoTPlatform.Keycloak;

/// <summary>Keycloak's admin API with one credential, which lives as long as this object does.</summary>
public sealed class KeycloakAdmin
{
    /// <summary>A server that has just started takes its time over a new realm.</summary>
    private static readonly TimeSpan RealmPatience = TimeSpan.FromMinutes(1);

    private readonly KeycloakHttp _http;
    private readonly KeycloakRealm _realm;
    private readonly string _token;

    private KeycloakAdmin(KeycloakHttp http, KeycloakRealm realm, string token)
    {
        _http = http;
        _realm = realm;
        _token = token;
    }

    /// <summary>What was found missing or different, for people.</summary>
    public List<string> Changes { get; } = [];

    /// <summary>Throws 400 <c>identity_credential_refused</c>.</summary>
    public static async Task<KeycloakAdmin> SignInAsync(
        KeycloakHttp http, KeycloakRealm realm, string adminRealm, string username, string password, CancellationToken cancellationToken)
    {
        var answer = await http.PostFormAsync(
            realm.TokenOf(adminRealm), credential: null, cancellationToken,
            ("grant_type", "password"), ("client_id", "admin-cli"), ("username", username), ("password", password));
        return answer.Status == HttpStatusCode.OK
            ? new KeycloakAdmin(http, realm, Representation.Text(answer.Object, "access_token"))
            : throw new ProblemException(
                400, "identity_credential_refused", $"The identity provider does not accept this administrator of realm {adminRealm}: unknown name or wrong password.");
    }

    /// <summary>As a service account (RFC 6749 section 4.4). Null: its realm is not there, or the account is refused.</summary>
    public static async Task<KeycloakAdmin?> SignInAsAsync(KeycloakHttp http, KeycloakRealm realm, string clientId, string secret, CancellationToken cancellationToken)
    {
        var answer = await http.PostFormAsync(realm.Token, KeycloakHttp.Basic(clientId, secret), cancellationToken, ("grant_type", "client_credentials"));
        return answer.Status == HttpStatusCode.OK ? new KeycloakAdmin(http, realm, Representation.Text(answer.Object, "access_token")) : null;
    }

    public async Task<JsonNode?> FindAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, _realm.Admin(path), null, cancellationToken);
        return answer.Status == HttpStatusCode.NotFound ? null : Allowed(answer, "show what is there").Require("show what is there", HttpStatusCode.OK).Body;
    }

    public async Task<JsonObject?> FindInListAsync(string path, Func<JsonObject, bool> match, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, _realm.Admin(path), null, cancellationToken);
        return Allowed(answer, "list what is there").Require("list what is there", HttpStatusCode.OK).Array.OfType<JsonObject>().FirstOrDefault(match);
    }

    public Task CreateRealmAsync(JsonObject realm, CancellationToken cancellationToken) => CreateAsync(_realm.AllRealms, realm, $"realm {_realm.Name}", cancellationToken);

    public Task CreateAsync(string path, JsonNode body, string what, CancellationToken cancellationToken) => CreateAsync(_realm.Admin(path), body, what, cancellationToken);

    public async Task ChangeAsync(string path, JsonNode body, string what, CancellationToken cancellationToken)
    {
        Allowed(await SendAsync(HttpMethod.Put, _realm.Admin(path), body, cancellationToken), "change " + what).Require("change " + what, HttpStatusCode.NoContent, HttpStatusCode.OK, HttpStatusCode.Accepted);
        Changes.Add($"{what} changed");
    }

    /// <summary>A change made at every pass, because the current value cannot be read. It is not reported.</summary>
    public async Task WriteAsync(string path, JsonNode body, string what, CancellationToken cancellationToken) =>
        Allowed(await SendAsync(HttpMethod.Put, _realm.Admin(path), body, cancellationToken), "change " + what).Require("change " + what, HttpStatusCode.NoContent, HttpStatusCode.OK, HttpStatusCode.Accepted);

    public async Task RemoveAsync(string path, string what, CancellationToken cancellationToken)
    {
        Allowed(await SendAsync(HttpMethod.Delete, _realm.Admin(path), null, cancellationToken), "remove " + what).Require("remove " + what, HttpStatusCode.NoContent, HttpStatusCode.NotFound);
        Changes.Add($"{what} removed");
    }

    /// <summary>Something Keycloak works out and answers.</summary>
    public async Task<KeycloakAnswer> AskAsync(string path, JsonNode body, string what, CancellationToken cancellationToken) =>
        Allowed(await SendAsync(HttpMethod.Post, _realm.Admin(path), body, cancellationToken), what);

    /// <summary>The token that reads, changes and deletes this one client; every earlier one is void.</summary>
    public async Task<string> RegistrationTokenAsync(string id, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Post, _realm.Admin($"clients/{id}/registration-access-token"), null, cancellationToken);
        return Representation.Text(Allowed(answer, "give a registration access token").Require("give a registration access token", HttpStatusCode.OK).Object, "registrationAccessToken");
    }

    private async Task CreateAsync(Uri url, JsonNode body, string what, CancellationToken cancellationToken)
    {
        Allowed(await SendAsync(HttpMethod.Post, url, body, cancellationToken), "create " + what).Require("create " + what, HttpStatusCode.Created, HttpStatusCode.NoContent);
        Changes.Add($"{what} created");
    }

    private Task<KeycloakAnswer> SendAsync(HttpMethod method, Uri url, JsonNode? body, CancellationToken cancellationToken) =>
        _http.SendAsync(method, url, KeycloakHttp.Bearer(_token), body, cancellationToken, RealmPatience);

    private static KeycloakAnswer Allowed(KeycloakAnswer answer, string what) => answer.Status is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized
        ? throw new ProblemException(400, "identity_credential_refused", $"This administrator of the identity provider may not {what}.")
        : answer;
}
