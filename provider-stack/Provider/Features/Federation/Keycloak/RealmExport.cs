using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>
/// The embedded issuer's accounts, programs and tenants as a realm that Keycloak imports: same subjects, passwords, authenticator apps and secrets, so
/// that nobody notices the move. What only a hash is known of, or is bound to this host's address, gets a required action or a remark.
/// </summary>
internal sealed class RealmExport(IDbContextFactory<ProviderDb> contexts, AccountExport accounts, FederationSecrets secrets)
{
    private const string Name = "cdm";

    // Keycloak gives it to every account that it makes itself: the account console, for one.
    private const string DefaultRole = "default-roles-" + Name;

    public async Task<ExportedRealm> ExportAsync(CancellationToken cancellationToken)
    {
        var remarks = new List<string>();
        var users = (await accounts.AccountsAsync(cancellationToken)).Select(account => User(account, remarks)).ToList();
        var clients = new List<JsonNode> { RealmRepresentation.Api(OidcOptions.DefaultAudience) };
        clients.AddRange(await TenantsAsync(cancellationToken));
        foreach (var program in await accounts.ProgramsAsync(cancellationToken))
        {
            clients.Add(Program(program, remarks));
            users.Add(new JsonObject
            {
                ["username"] = $"service-account-{program.ClientId}",
                ["enabled"] = true,
                ["serviceAccountClientId"] = program.ClientId,
                ["realmRoles"] = Representation.List(program.Roles),
            });
        }

        var realm = RealmRepresentation.Realm(Name, "IoT platform");
        realm["roles"] = new JsonObject { ["realm"] = new JsonArray([.. Roles.All.Concat(PlatformClients.FederationRoles).Select(role => new JsonObject { ["name"] = role })]) };
        realm["clientScopes"] = new JsonArray([RealmRepresentation.ApiScope(OidcOptions.DefaultAudience), FederationRepresentation.Scope(), .. BuiltInScopes.All]);
        realm["defaultDefaultClientScopes"] = Representation.List(BuiltInScopes.Names);
        realm["scopeMappings"] = new JsonArray(
            new JsonObject { ["clientScope"] = OidcOptions.DefaultAudience, ["roles"] = Representation.List(Roles.All) },
            new JsonObject { ["clientScope"] = PlatformClients.FederationScope, ["roles"] = Representation.List(PlatformClients.FederationRoles) });
        realm["components"] = new JsonObject { ["org.keycloak.userprofile.UserProfileProvider"] = new JsonArray(UserProfile()) };
        realm["clients"] = new JsonArray([.. clients]);
        realm["users"] = new JsonArray([.. users]);
        return new ExportedRealm { Realm = JsonSerializer.SerializeToElement(realm), Remarks = remarks };
    }

    // Keycloak's own asks everyone for an e-mail address, a first and a last name at the first sign-in; accounts here have none.
    private static JsonObject UserProfile() => new()
    {
        ["providerId"] = "declarative-user-profile",
        ["config"] = new JsonObject
        {
            ["kc.user.profile.config"] = Representation.List(new JsonObject
            {
                ["attributes"] = new JsonArray([.. new[] { "username", "email", "firstName", "lastName" }.Select(name => new JsonObject
                {
                    ["name"] = name,
                    ["permissions"] = new JsonObject { ["view"] = Representation.List("admin", "user"), ["edit"] = Representation.List("admin", "user") },
                })]),
            }.ToJsonString()),
        },
    };

    private static JsonObject User(ExportedAccount account, List<string> remarks)
    {
        var (credentials, actions) = (new JsonArray(), new List<string>());
        if (account.Password is { } password)
        {
            credentials.Add(Credential(
                "password",
                new JsonObject { ["value"] = Convert.ToBase64String(password.Hash), ["salt"] = Convert.ToBase64String(password.Salt) },
                new JsonObject { ["hashIterations"] = password.Iterations, ["algorithm"] = password.Prf == "SHA1" ? "pbkdf2" : "pbkdf2-" + password.Prf.ToLowerInvariant() }));
        }
        else
        {
            actions.Add("UPDATE_PASSWORD");
            remarks.Add($"{account.Username} has no password that can be moved: set a temporary one in Keycloak.");
        }

        if (account.AuthenticatorSecret is { } secret)
        {
            credentials.Add(Credential(
                "otp",
                new JsonObject { ["value"] = secret },
                new JsonObject { ["subType"] = "totp", ["digits"] = 6, ["counter"] = 0, ["period"] = 30, ["algorithm"] = "HmacSHA1", ["secretEncoding"] = "BASE32" }));
        }
        else if (account.HasSecondFactor)
        {
            actions.Add("CONFIGURE_TOTP");
            remarks.Add($"{account.Username} has passkeys only, which are bound to this host: Keycloak asks for an authenticator app at the first sign-in.");
        }

        return new JsonObject
        {
            ["id"] = account.Subject.ToString("D", CultureInfo.InvariantCulture),
            ["username"] = account.Username,
            ["enabled"] = account.IsEnabled,
            ["credentials"] = credentials,
            ["requiredActions"] = Representation.List(actions),
            ["realmRoles"] = Representation.List([DefaultRole, .. account.Roles, .. PlatformRolesOf(account.Roles)]),
        };
    }

    // As the embedded issuer has it; there the two can be given apart.
    private static IEnumerable<string> PlatformRolesOf(IReadOnlyList<string> roles) => roles.Select(role => role switch
    {
        Roles.Admin => PlatformClients.FederationRoles[0],
        Roles.Operator => PlatformClients.FederationRoles[1],
        _ => null,
    }).OfType<string>();

    private static JsonObject Credential(string type, JsonObject secret, JsonObject data) => new()
    {
        ["type"] = type,
        ["secretData"] = secret.ToJsonString(),
        ["credentialData"] = data.ToJsonString(),
    };

    private static JsonObject Program(ExportedProgram program, List<string> remarks)
    {
        var client = RealmRepresentation.Client(program.ClientId, $"Service account {program.Name}");
        client["serviceAccountsEnabled"] = true;
        client["defaultClientScopes"] = Representation.List("basic", "profile", OidcOptions.DefaultAudience);
        client["optionalClientScopes"] = new JsonArray();
        if (program.KeySet is { } keys)
        {
            client["clientAuthenticatorType"] = "client-jwt";
            client["attributes"] = new JsonObject { ["use.jwks.string"] = "true", ["jwks.string"] = keys };
        }
        else
        {
            remarks.Add($"{program.ClientId} has a secret of which only the hash is known: Keycloak makes a new one, on the client's page.");
        }

        return client;
    }

    private async Task<IReadOnlyList<JsonNode>> TenantsAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var clients = new List<JsonNode>();
        foreach (var tenant in await db.Tenants.AsNoTracking().Where(t => t.Status != TenantStatus.Removing && t.SuspendedAt == null).OrderBy(t => t.TenantId).ToListAsync(cancellationToken))
        {
            if (await LastConfirmedJoin.FindAsync(db, tenant.TenantId, tenant.WorkflowId, cancellationToken) is { } join
                && await secrets.FindAsync(tenant.TenantId, cancellationToken) is { } secret
                && FederationClient.Of(tenant.TenantId, secret, join) is { RedirectUri: not null } client)
            {
                clients.Add(FederationRepresentation.Of(client));
            }
        }

        return clients;
    }
}

/// <summary>Keycloak's own client scopes, as far as the platform's clients use them: an import that names any scope makes no others.</summary>
internal static class BuiltInScopes
{
    public static IReadOnlyList<string> Names { get; } = ["basic", "profile", "email"];

    public static IEnumerable<JsonObject> All =>
    [
        RealmRepresentation.Scope(
            "basic",
            Mapper("sub", "oidc-sub-mapper", new JsonObject { ["access.token.claim"] = "true", ["introspection.token.claim"] = "true" }),
            Mapper("auth_time", "oidc-usersessionmodel-note-mapper", new JsonObject
            {
                ["user.session.note"] = "AUTH_TIME",
                ["claim.name"] = "auth_time",
                ["jsonType.label"] = "long",
                ["id.token.claim"] = "true",
                ["access.token.claim"] = "true",
            })),
        RealmRepresentation.Scope("profile", Attribute("username", "preferred_username")),
        RealmRepresentation.Scope("email", Attribute("email", "email")),
    ];

    private static JsonObject Attribute(string attribute, string claim) => Mapper(claim, "oidc-usermodel-attribute-mapper", new JsonObject
    {
        ["user.attribute"] = attribute,
        ["claim.name"] = claim,
        ["jsonType.label"] = "String",
        ["id.token.claim"] = "true",
        ["access.token.claim"] = "true",
        ["userinfo.token.claim"] = "true",
    });

    private static JsonObject Mapper(string name, string kind, JsonObject config) => new()
    {
        ["name"] = name,
        ["protocol"] = "openid-connect",
        ["protocolMapper"] = kind,
        ["config"] = config,
    };
}

internal static class RealmExportEndpoint
{
    public static void MapRealmExport(this IEndpointRouteBuilder app) => app.MapPost("/portal/admin/identity/export", ExportAsync).RequireAuthorization(Policies.Admin);

    /// <summary>Password hashes and client secrets: only for who could read them on the machine anyway.</summary>
    private static async Task<Ok<ExportedRealm>> ExportAsync(HttpContext context, IServiceProvider services, AuditLog audit, CancellationToken cancellationToken)
    {
        if (!MachineOperator.Is(context.User))
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "operator_only", "Only the operator of the machine exports accounts: run iot there, with the data folder.");
        }

        var export = services.GetService<RealmExport>()
            ?? throw new ProblemException(StatusCodes.Status409Conflict, "identity_keycloak", "This provider's identity provider is Keycloak already.");
        var exported = await export.ExportAsync(cancellationToken);
        await audit.AppendAsync(new AuditEntry(Caller.Of(context.User), "identity.exported", "realm"), cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(exported);
    }
}
