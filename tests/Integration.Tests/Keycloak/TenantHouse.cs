using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>Provider, tenant and one Keycloak with both realms.</summary>
[CollectionDefinition(Collection)]
public sealed class TenantHouse : IAsyncLifetime, ICollectionFixture<TenantHouse>
{
    public const string Collection = "a tenant with a realm";
    public const string Tenant = "acme";
    public const string Password = "correct horse";

    public KeycloakFixture Fixture { get; } = new();
    public TenantStack Stack { get; private set; } = null!;
    public KeycloakServer Keycloak => Fixture.Keycloak;
    public string ProviderRealm => Fixture.Realm;

    public async Task InitializeAsync()
    {
        await Fixture.InitializeAsync();
        await Keycloak.AddUserAsync(ProviderRealm, "paula", Password, "platform-admin");
        await Keycloak.AddUserAsync(ProviderRealm, "oscar", Password, "platform-operator");
        await Keycloak.AddUserAsync(ProviderRealm, "nora", Password, "cdm-admin");
        var prepared = await Fixture.Provider.PrepareAsync(Tenant);
        Stack = await TenantStack.LaunchAsync(Fixture.Provider, Tenant, prepared.JoinKey, Settings(Keycloak, Tenant, Keycloak.AdminPassword));
        await Stack.Process.WaitForLineAsync("ready ", TimeSpan.FromSeconds(180));
        await Stack.Process.WaitForLineAsync(line => line.Contains("mapper username created", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
    }

    public async Task DisposeAsync()
    {
        if (Stack is not null)
        {
            await Stack.DisposeAsync();
        }

        await Fixture.DisposeAsync();
    }

    public async Task RestartAsync()
    {
        Stack.Process.Terminate();
        await Stack.Process.WaitForExitAsync();
        await Stack.Process.DisposeAsync();
        Stack.Launch();
        await Stack.ReadyAsync();
        await Stack.Process.WaitForLineAsync(line => line.Contains("Upkeep: federation done", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
    }

    public async Task<JsonNode> SignInAsync(string username, string? identityProvider)
    {
        var portal = (await Keycloak.ClientAsync(Tenant, "iot-portal"))!;
        using var login = new FormLogin(Keycloak, Tenant);
        return await login.TokensAsync("iot-portal", (string)portal["secret"]!, (string)portal["redirectUris"]![0]!, username, Password, identityProvider);
    }

    public TenantClient Client(JsonNode tokens)
    {
        var client = TenantClient.Create(Stack.Url, Stack.Trust);
        client.UseSession((string)tokens["access_token"]!);
        return client;
    }

    public static Dictionary<string, string?> Settings(KeycloakServer keycloak, string tenant, string password) => new()
    {
        ["KEYCLOAK_URL"] = keycloak.Url.AbsoluteUri,
        ["IOT_KEYCLOAK_ADMIN_PASSWORD"] = password,
        ["IOT_IDENTITY"] = "keycloak",
        ["IOT_OIDC_ISSUER"] = keycloak.Issuer(tenant),
    };
}
