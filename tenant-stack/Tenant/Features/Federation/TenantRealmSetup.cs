using System.Text.Json.Nodes;
using IoTPlatform.Database;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Keycloak;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>
/// Makes the tenant's realm with an administrator's password, once: roles, the API's audience, the portal, the flow of a first login
/// from the provider, and the keeper, with whom alone everything goes on afterwards.
/// </summary>
internal sealed class TenantRealmSetup(KeycloakHttp http, KeycloakRealm realm, SecretStore<TenantDbContext> secrets, TenantOptions options)
{
    public async Task EnsureAsync(string username, string password, CancellationToken cancellationToken)
    {
        var admin = await KeycloakAdmin.SignInAsync(http, realm, "master", username, password, cancellationToken);
        var audience = options.Oidc?.Audience ?? OidcOptions.DefaultAudience;
        await RealmParts.EnsureRealmAsync(admin, RealmRepresentation.Realm(realm.Name, $"IoT tenant {realm.Name}"), cancellationToken);
        await RealmParts.EnsureRolesAsync(admin, Roles.All, cancellationToken);
        await RealmParts.EnsureScopeAsync(admin, RealmRepresentation.ApiScope(audience), Roles.All, cancellationToken);
        await RealmParts.EnsureClientAsync(admin, RealmRepresentation.Api(audience), cancellationToken);
        await RealmParts.EnsureClientAsync(admin, RealmRepresentation.Portal(await new PortalSecret(options, secrets).EnsureAsync(cancellationToken), options.PublicUrl, audience), cancellationToken);
        await EnsureNoProfileQuestionAsync(admin, cancellationToken);
        await EnsureFirstLoginFlowAsync(admin, cancellationToken);
        await RealmParts.GrantAsync(
            admin, RealmRepresentation.ServiceAccount(TenantKeycloak.Keeper, "Keeps the provider's identity provider", await secrets.EnsureAsync(TenantKeycloak.Keeper, cancellationToken)), "manage-identity-providers", cancellationToken);
    }

    /// <summary>Users are not asked to complete a profile: the profiles of the provider's staff are kept by the provider.</summary>
    private static async Task EnsureNoProfileQuestionAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        const string Path = "authentication/required-actions/VERIFY_PROFILE";
        if (await admin.FindAsync(Path, cancellationToken) is not JsonObject action || Representation.Covers(action, new JsonObject { ["enabled"] = false }))
        {
            return;
        }

        action["enabled"] = false;
        action["defaultAction"] = false;
        await admin.ChangeAsync(Path, action, "required action VERIFY_PROFILE", cancellationToken);
    }

    /// <summary>One step: make the user. A name or address that is taken here fails; it is never linked to the account that has it.</summary>
    private static async Task EnsureFirstLoginFlowAsync(KeycloakAdmin admin, CancellationToken cancellationToken)
    {
        const string Step = "idp-create-user-if-unique";
        const string Executions = $"authentication/flows/{TenantKeycloak.FirstLoginFlow}/executions";
        if (await admin.FindInListAsync("authentication/flows", flow => (string?)flow["alias"] == TenantKeycloak.FirstLoginFlow, cancellationToken) is null)
        {
            await admin.CreateAsync(
                "authentication/flows",
                new JsonObject { ["alias"] = TenantKeycloak.FirstLoginFlow, ["description"] = "First login of the provider's staff", ["providerId"] = "basic-flow", ["topLevel"] = true, ["builtIn"] = false },
                "flow of a first login", cancellationToken);
        }

        Task<JsonObject?> Find() => admin.FindInListAsync(Executions, execution => (string?)execution["providerId"] == Step, cancellationToken);
        if (await Find() is null)
        {
            await admin.CreateAsync(Executions + "/execution", new JsonObject { ["provider"] = Step }, "step of a first login", cancellationToken);
        }

        var step = await Find() ?? throw new KeycloakException("Keycloak lost the step of a first login.");
        if ((string?)step["requirement"] == "REQUIRED")
        {
            return;
        }

        step["requirement"] = "REQUIRED";
        await admin.ChangeAsync(Executions, step, "step of a first login", cancellationToken);
    }
}
