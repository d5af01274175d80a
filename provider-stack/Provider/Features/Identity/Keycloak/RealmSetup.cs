using System.Text.Json.Nodes;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Identity.Keycloak;

/// <summary>
/// Makes the platform's realm so, with an administrator's credential that is used for this and then forgotten: roles, scopes, the
/// platform's own clients, the provisioner's one right. Runs any number of times; says what it had to change.
/// </summary>
internal sealed class RealmSetup(KeycloakHttp http, KeycloakRealm realm, KeycloakSecrets secrets, FederationRegistrations registrations, ProviderOptions options)
{
    /// <returns>What was changed, for people.</returns>
    public async Task<IReadOnlyList<string>> EnsureAsync(string adminRealm, string username, string password, CancellationToken cancellationToken)
    {
        var admin = await KeycloakAdmin.SignInAsync(http, realm, adminRealm, username, password, cancellationToken);
        var audience = options.Oidc!.Audience;
        await EnsureRealmAsync(admin, cancellationToken);
        foreach (var role in PlatformClients.StaffRoles.Concat(PlatformClients.PlatformRoles))
            if (await admin.FindAsync($"roles/{role}", cancellationToken) is null)
                await admin.CreateAsync("roles", new JsonObject { ["name"] = role }, $"role {role}", cancellationToken);
        var api = await EnsureScopeAsync(admin, RealmRepresentation.ApiScope(audience), cancellationToken);
        await EnsureScopeRolesAsync(admin, api, audience, PlatformClients.StaffRoles, cancellationToken);
        var federation = await EnsureScopeAsync(admin, RealmRepresentation.FederationScope(), cancellationToken);
        await EnsureScopeRolesAsync(admin, federation, PlatformClients.FederationScope, PlatformClients.PlatformRoles, cancellationToken);
        await EnsureRegistrationPolicyAsync(admin, cancellationToken);

        await EnsureClientAsync(admin, RealmRepresentation.Api(audience), cancellationToken);
        var portal = await secrets.EnsureAsync(PlatformClients.Portal, cancellationToken);
        await EnsureClientAsync(admin, RealmRepresentation.Portal(portal, options.PublicUrl, audience), cancellationToken);
        var provisioner = await secrets.EnsureAsync(PlatformClients.Provisioner, cancellationToken);
        await EnsureProvisionerRightAsync(admin, await EnsureClientAsync(admin, RealmRepresentation.Provisioner(provisioner), cancellationToken), cancellationToken);
        await AdoptAsync(admin, cancellationToken);
        return admin.Changes;
    }

    private async Task EnsureRealmAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        var wanted = RealmRepresentation.Realm(realm.Name);
        if (await admin.FindAsync("", cancellationToken) is not { } actual)
            await admin.CreateRealmAsync(wanted, cancellationToken);
        else if (!Representation.Covers(actual, wanted))
            await admin.ChangeAsync("", wanted, $"realm {realm.Name}", cancellationToken);
    }

    private static async Task<string> EnsureScopeAsync(KeycloakAdmin admin, JsonObject wanted, CancellationToken cancellationToken)
    {
        var name = Representation.Text(wanted, "name");
        Task<JsonObject?> Find() => admin.FindInListAsync("client-scopes", scope => (string?)scope["name"] == name, cancellationToken);
        if (await Find() is not { } actual)
        {
            await admin.CreateAsync("client-scopes", wanted, $"client scope {name}", cancellationToken);
            actual = await Find() ?? throw new KeycloakException("Keycloak lost a client scope.");
        }

        var id = Representation.Id(actual);
        foreach (var mapper in wanted["protocolMappers"]!.AsArray())
            await EnsureMapperAsync(admin, id, name, actual, mapper!.AsObject(), cancellationToken);
        return id;
    }

    private static async Task EnsureMapperAsync(KeycloakAdmin admin, string scopeId, string scope, JsonObject actual, JsonObject wanted, CancellationToken cancellationToken)
    {
        var name = Representation.Text(wanted, "name");
        var present = actual["protocolMappers"]?.AsArray().OfType<JsonObject>().FirstOrDefault(mapper => (string?)mapper["name"] == name);
        if (present is null)
        {
            await admin.CreateAsync($"client-scopes/{scopeId}/protocol-mappers/models", wanted.DeepClone(), $"mapper {name} of client scope {scope}", cancellationToken);
        }
        else if (!Representation.Covers(present, wanted))
        {
            var changed = wanted.DeepClone().AsObject();
            changed["id"] = Representation.Id(present);
            await admin.ChangeAsync($"client-scopes/{scopeId}/protocol-mappers/models/{Representation.Id(present)}", changed, $"mapper {name} of client scope {scope}", cancellationToken);
        }
    }

    private static async Task EnsureScopeRolesAsync(KeycloakAdmin admin, string scopeId, string scope, string[] roles, CancellationToken cancellationToken)
    {
        var path = $"client-scopes/{scopeId}/scope-mappings/realm";
        foreach (var role in roles)
            if (await admin.FindInListAsync(path, mapped => (string?)mapped["name"] == role, cancellationToken) is null)
                await admin.CreateAsync(path, new JsonArray((await admin.FindAsync($"roles/{role}", cancellationToken))!.DeepClone()), $"role {role} in client scope {scope}", cancellationToken);
    }

    // Without this Keycloak lets no client be registered with a scope that isn't one of the realm's defaults.
    private static async Task EnsureRegistrationPolicyAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        const string Type = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
        var policy = await admin.FindInListAsync(
            $"components?type={Type}", c => (string?)c["providerId"] == "allowed-client-templates" && (string?)c["subType"] == "authenticated", cancellationToken);
        var wanted = new JsonObject { ["allow-default-scopes"] = Representation.List("true"), ["allowed-client-scopes"] = Representation.List(PlatformClients.FederationScope) };
        if (policy is null || Representation.Covers(policy["config"], wanted))
            return;
        policy["config"] = wanted;
        await admin.ChangeAsync($"components/{Representation.Id(policy)}", policy, "client registration policy", cancellationToken);
    }

    private static async Task<string> EnsureClientAsync(KeycloakAdmin admin, JsonObject wanted, CancellationToken cancellationToken)
    {
        var clientId = Representation.Text(wanted, "clientId");
        if (await FindClientAsync(admin, clientId, cancellationToken) is not { } actual)
        {
            await admin.CreateAsync("clients", wanted, $"client {clientId}", cancellationToken);
            actual = await FindClientAsync(admin, clientId, cancellationToken) ?? throw new KeycloakException("Keycloak lost a client.");
        }
        else if (!Representation.Covers(actual, wanted))
        {
            await admin.ChangeAsync($"clients/{Representation.Id(actual)}", wanted, $"client {clientId}", cancellationToken);
        }

        return Representation.Id(actual);
    }

    private static Task<JsonObject?> FindClientAsync(KeycloakAdmin admin, string clientId, CancellationToken cancellationToken) =>
        admin.FindInListAsync($"clients?clientId={Uri.EscapeDataString(clientId)}", _ => true, cancellationToken);

    private static async Task EnsureProvisionerRightAsync(KeycloakAdmin admin, string id, CancellationToken cancellationToken)
    {
        var account = Representation.Id(await admin.FindAsync($"clients/{id}/service-account-user", cancellationToken) ?? throw new KeycloakException("Keycloak has no service account of the provisioner."));
        var management = Representation.Id(await FindClientAsync(admin, "realm-management", cancellationToken) ?? throw new KeycloakException("Keycloak has no client realm-management."));
        var path = $"users/{account}/role-mappings/clients/{management}";
        if (await admin.FindInListAsync(path, role => (string?)role["name"] == "create-client", cancellationToken) is null)
            await admin.CreateAsync(
                path, new JsonArray((await admin.FindAsync($"clients/{management}/roles/create-client", cancellationToken))!.DeepClone()), $"right of {PlatformClients.Provisioner} to create clients", cancellationToken);
    }

    /// <summary>Clients whose registration access token a crash has lost, or that somebody else made under their name, become ours.</summary>
    private async Task AdoptAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        foreach (var (tenantId, redirectUri) in await registrations.WithoutTokenAsync(cancellationToken))
        {
            var clientId = FederationClient.IdOf(tenantId);
            if (await FindClientAsync(admin, clientId, cancellationToken) is not { } client)
                continue;
            var token = await admin.RegistrationTokenAsync(Representation.Id(client), cancellationToken);
            await registrations.StoreAsync(tenantId, redirectUri, token, CancellationToken.None);
            admin.Changes.Add($"client {clientId} taken over");
        }
    }
}
