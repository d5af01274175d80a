using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>Provider, tenant and one Keycloak with both realms.</summary>
public sealed class TenantFixture : IAsyncLifetime
{
    public const string Tenant = "acme";
    public const string Password = "correct horse";

    private readonly KeycloakFixture _fixture = new();
    private TenantStack? _withoutKeycloak;

    public TenantStack Stack { get; private set; } = null!;
    public ProviderStack Provider => _fixture.Provider;
    public KeycloakServer Keycloak => _fixture.Keycloak;
    public string ProviderRealm => _fixture.Realm;

    public async Task InitializeAsync()
    {
        await _fixture.InitializeAsync();
        await Keycloak.AddUserAsync(ProviderRealm, "paula", Password, "platform-admin");
        await Keycloak.AddUserAsync(ProviderRealm, "oscar", Password, "platform-operator");
        await Keycloak.AddUserAsync(ProviderRealm, "nora", Password, "cdm-admin");
        var prepared = await _fixture.Provider.PrepareAsync(Tenant);
        Stack = await TenantStack.LaunchAsync(_fixture.Provider, Tenant, prepared.JoinKey, Settings(Keycloak, Tenant, Keycloak.AdminPassword));
        await Stack.Process.WaitForLineAsync("ready ", TimeSpan.FromSeconds(180));
        await Stack.Process.WaitForLineAsync(line => line.Contains("mapper username created", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
    }

    public async Task DisposeAsync()
    {
        foreach (var stack in new[] { _withoutKeycloak, Stack }.OfType<TenantStack>())
        {
            await stack.DisposeAsync();
        }

        await _fixture.DisposeAsync();
    }

    /// <summary>A tenant of the same provider, started when first asked for.</summary>
    public async Task<TenantStack> WithoutKeycloakAsync()
    {
        if (_withoutKeycloak is null)
        {
            _withoutKeycloak = await TenantStack.LaunchAsync(Provider, "initech", (await Provider.PrepareAsync("initech")).JoinKey);
            await _withoutKeycloak.ReadyAsync();
        }

        return _withoutKeycloak;
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
        client.UseToken((string)tokens["access_token"]!);
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
