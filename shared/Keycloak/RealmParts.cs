using System.Text.Json;
using System.Text.Json.Nodes;

namespace IoTPlatform.Keycloak;

/// <summary>The parts of a platform realm; each is read, created if missing and corrected if different.</summary>
public static class RealmParts
{
    public static async Task EnsureRealmAsync(KeycloakAdmin admin, JsonObject wanted, CancellationToken cancellationToken)
    {
        var what = "realm " + Representation.Text(wanted, "realm");
        if (await admin.FindAsync("", cancellationToken) is not { } actual)
        {
            await admin.CreateRealmAsync(wanted, cancellationToken);
        }
        else if (!Representation.Covers(actual, wanted))
        {
            await admin.ChangeAsync("", wanted, what, cancellationToken);
        }
    }

    public static async Task EnsureRolesAsync(KeycloakAdmin admin, IEnumerable<string> roles, CancellationToken cancellationToken)
    {
        foreach (var role in roles)
        {
            if (await admin.FindAsync($"roles/{role}", cancellationToken) is null)
            {
                await admin.CreateAsync("roles", new JsonObject { ["name"] = role }, $"role {role}", cancellationToken);
            }
        }
    }

    /// <summary>The scope, its mappers, and the roles a token with it may show.</summary>
    public static async Task EnsureScopeAsync(KeycloakAdmin admin, JsonObject wanted, IEnumerable<string> roles, CancellationToken cancellationToken)
    {
        var name = Representation.Text(wanted, "name");
        Task<JsonObject?> Find() => admin.FindInListAsync("client-scopes", scope => (string?)scope["name"] == name, cancellationToken);
        if (await Find() is not { } actual)
        {
            await admin.CreateAsync("client-scopes", wanted, $"client scope {name}", cancellationToken);
            actual = await Find() ?? throw new KeycloakException("Keycloak lost a client scope.");
        }

        var path = $"client-scopes/{Representation.Id(actual)}";
        foreach (var mapper in wanted["protocolMappers"]!.AsArray())
        {
            await EnsureMapperAsync(admin, path, name, actual, mapper!.AsObject(), cancellationToken);
        }

        foreach (var role in roles)
        {
            if (await admin.FindInListAsync($"{path}/scope-mappings/realm", mapped => (string?)mapped["name"] == role, cancellationToken) is null)
            {
                await admin.CreateAsync($"{path}/scope-mappings/realm", await ListOfAsync(admin, $"roles/{role}", cancellationToken), $"role {role} in client scope {name}", cancellationToken);
            }
        }
    }

    /// <returns>Keycloak's own id of the client.</returns>
    public static async Task<string> EnsureClientAsync(KeycloakAdmin admin, JsonObject wanted, CancellationToken cancellationToken)
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

    public static Task<JsonObject?> FindClientAsync(KeycloakAdmin admin, string clientId, CancellationToken cancellationToken) =>
        admin.FindInListAsync($"clients?clientId={Uri.EscapeDataString(clientId)}", _ => true, cancellationToken);

    /// <summary>Gives a client's service account one right of <c>realm-management</c>.</summary>
    public static async Task GrantAsync(KeycloakAdmin admin, JsonObject client, string right, CancellationToken cancellationToken)
    {
        var id = await EnsureClientAsync(admin, client, cancellationToken);
        var account = Representation.Id(await admin.FindAsync($"clients/{id}/service-account-user", cancellationToken) ?? throw new KeycloakException("Keycloak has no such service account."));
        var management = Representation.Id(await FindClientAsync(admin, "realm-management", cancellationToken) ?? throw new KeycloakException("Keycloak has no client realm-management."));
        var path = $"users/{account}/role-mappings/clients/{management}";
        if (await admin.FindInListAsync(path, role => (string?)role["name"] == right, cancellationToken) is null)
        {
            await admin.CreateAsync(
                path, await ListOfAsync(admin, $"clients/{management}/roles/{right}", cancellationToken), $"right {right} of {Representation.Text(client, "clientId")}", cancellationToken);
        }
    }

    private static async Task EnsureMapperAsync(KeycloakAdmin admin, string path, string scope, JsonObject actual, JsonObject wanted, CancellationToken cancellationToken)
    {
        var name = Representation.Text(wanted, "name");
        var present = actual["protocolMappers"]?.AsArray().OfType<JsonObject>().FirstOrDefault(mapper => (string?)mapper["name"] == name);
        if (present is null)
        {
            await admin.CreateAsync($"{path}/protocol-mappers/models", wanted, $"mapper {name} of client scope {scope}", cancellationToken);
        }
        else if (!Representation.Covers(present, wanted))
        {
            var changed = wanted.DeepClone().AsObject();
            changed["id"] = Representation.Id(present);
            await admin.ChangeAsync($"{path}/protocol-mappers/models/{Representation.Id(present)}", changed, $"mapper {name} of client scope {scope}", cancellationToken);
        }
    }

    private static async Task<JsonArray> ListOfAsync(KeycloakAdmin admin, string path, CancellationToken cancellationToken) =>
        new((await admin.FindAsync(path, cancellationToken) ?? throw new KeycloakException($"Keycloak has no {path}.")).DeepClone());
}

/// <summary>Keycloak's JSON representations: what we want of one, compared with what is there.</summary>
public static class Representation
{
    /// <summary>
    /// Whether everything we want is so. Members we say nothing about are Keycloak's or the administrator's; lists are compared as
    /// sets; an empty list is met by an absent one.
    /// </summary>
    public static bool Covers(JsonNode? actual, JsonNode? wanted) => wanted switch
    {
        JsonObject members => members.All(member => Covers((actual as JsonObject)?[member.Key], member.Value)),
        JsonArray { Count: 0 } => actual is null or JsonArray { Count: 0 },
        JsonArray items => actual is JsonArray present && present.Count == items.Count && items.All(item => present.Any(p => Covers(p, item))),
        null => actual is null,
        _ => actual is JsonValue && wanted.GetValueKind() == actual.GetValueKind() && JsonNode.DeepEquals(actual, wanted),
    };

    public static JsonArray List(params IEnumerable<string> items) => new([.. items.Select(item => (JsonNode)item)]);

    public static string Id(JsonNode node) => Text(node, "id");

    /// <summary>Throws <see cref="KeycloakException"/> where it is missing.</summary>
    public static string Text(JsonNode node, string member) =>
        node is JsonObject json && json[member] is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : throw new KeycloakException($"Keycloak answered a representation without {member}.");
}
