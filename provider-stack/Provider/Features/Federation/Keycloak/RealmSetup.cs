using System.Text.Json.Nodes;
using IoTPlatform.Database;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>
/// Makes the platform's realm so, with an administrator's credential that is used for this and then forgotten: roles, scopes, the
/// platform's own clients, the provisioner's one right. Runs any number of times; says what it had to change.
/// </summary>
internal sealed class RealmSetup(KeycloakHttp http, KeycloakRealm realm, SecretStore<ProviderDb> secrets, FederationRegistrations registrations, ProviderOptions options)
{
    /// <returns>What was changed, for people.</returns>
    public async Task<IReadOnlyList<string>> EnsureAsync(string adminRealm, string username, string password, CancellationToken cancellationToken)
    {
        var admin = await KeycloakAdmin.SignInAsync(http, realm, adminRealm, username, password, cancellationToken);
        var audience = options.Oidc!.Audience;
        await RealmParts.EnsureRealmAsync(admin, RealmRepresentation.Realm(realm.Name, "IoT platform"), cancellationToken);
        await RealmParts.EnsureRolesAsync(admin, [.. Roles.All, .. PlatformClients.FederationRoles], cancellationToken);
        await RealmParts.EnsureScopeAsync(admin, RealmRepresentation.ApiScope(audience), Roles.All, cancellationToken);
        await RealmParts.EnsureScopeAsync(admin, FederationRepresentation.Scope(), PlatformClients.FederationRoles, cancellationToken);
        await EnsureRegistrationPolicyAsync(admin, cancellationToken);

        await RealmParts.EnsureClientAsync(admin, RealmRepresentation.Api(audience), cancellationToken);
        var portal = await secrets.EnsureAsync(PortalAddresses.ClientId, cancellationToken);
        await RealmParts.EnsureClientAsync(admin, RealmRepresentation.Portal(portal, options.PublicUrl, audience), cancellationToken);
        var provisioner = await secrets.EnsureAsync(PlatformClients.Provisioner, cancellationToken);
        await RealmParts.GrantAsync(admin, RealmRepresentation.ServiceAccount(PlatformClients.Provisioner, "Makes the tenants' clients", provisioner), "create-client", cancellationToken);
        await AdoptAsync(admin, cancellationToken);
        return admin.Changes;
    }

    // Without this Keycloak lets no client be registered with a scope that isn't one of the realm's defaults.
    private static async Task EnsureRegistrationPolicyAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        const string Type = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
        var policy = await admin.FindInListAsync(
            $"components?type={Type}", c => (string?)c["providerId"] == "allowed-client-templates" && (string?)c["subType"] == "authenticated", cancellationToken);
        var wanted = new JsonObject { ["allow-default-scopes"] = Representation.List("true"), ["allowed-client-scopes"] = Representation.List(PlatformClients.FederationScope) };
        if (policy is null || Representation.Covers(policy["config"], wanted))
        {
            return;
        }

        policy["config"] = wanted;
        await admin.ChangeAsync($"components/{Representation.Id(policy)}", policy, "client registration policy", cancellationToken);
    }

    /// <summary>Takes over clients whose registration access token was lost in a crash, and foreign clients of the same name.</summary>
    private async Task AdoptAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        foreach (var (tenantId, redirectUri) in await registrations.WithoutTokenAsync(cancellationToken))
        {
            var clientId = FederationClient.IdOf(tenantId);
            if (await RealmParts.FindClientAsync(admin, clientId, cancellationToken) is not { } client)
            {
                continue;
            }

            var token = await admin.RegistrationTokenAsync(Representation.Id(client), cancellationToken);
            await registrations.StoreAsync(tenantId, redirectUri, token, CancellationToken.None);
            admin.Changes.Add($"client {clientId} taken over");
        }
    }
}
