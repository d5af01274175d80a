using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>A real Keycloak.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class KeycloakTests(KeycloakTests.Host host) : IdentityProviderSuite<KeycloakTests.Host>(host)
{
    public sealed class Host : IdentityProviderHost
    {
        private const string Password = "correct horse";
        private const string Secret = "a robot's secret";
        private readonly KeycloakFixture _fixture = new();
        private int _people;

        public override Uri Url => _fixture.Provider.Url;

        public override TestDatabase Database => _fixture.Provider.Database;

        public override string Issuer => _fixture.Keycloak.Issuer(_fixture.Realm);

        private KeycloakServer Keycloak => _fixture.Keycloak;

        public override async Task<string> PersonAsync(string? role)
        {
            var name = $"person-{Interlocked.Increment(ref _people)}";
            await Keycloak.AddUserAsync(_fixture.Realm, name, Password, role is null ? [] : [role]);
            return name;
        }

        public override async Task ChangeRoleAsync(string person, string role)
        {
            var user = (await Keycloak.AdminAsync(HttpMethod.Get, $"{_fixture.Realm}/users?exact=true&username={person}"))![0]!;
            var path = $"{_fixture.Realm}/users/{user["id"]}/role-mappings/realm";
            await Keycloak.AdminAsync(HttpMethod.Delete, path, (await Keycloak.AdminAsync(HttpMethod.Get, path))!.DeepClone());
            await Keycloak.AddUserRoleAsync(_fixture.Realm, person, role);
        }

        public override Task<BrowserPage> SignInAsync(Browser browser, BrowserPage form, string person, string? stopAt = null) =>
            browser.SubmitAsync(form, "login-actions", stopAt, ("username", person), ("password", Password));

        public override async Task<string> TokenAsync(string role)
        {
            var client = $"robot-{Interlocked.Increment(ref _people)}";
            await Keycloak.AdminAsync(HttpMethod.Post, $"{_fixture.Realm}/clients", new JsonObject
            {
                ["clientId"] = client,
                ["secret"] = Secret,
                ["serviceAccountsEnabled"] = true,
                ["standardFlowEnabled"] = false,
                ["defaultClientScopes"] = new JsonArray("basic", "profile", "iot-bridge-api"),
            });
            var id = (await Keycloak.ClientAsync(_fixture.Realm, client))!["id"];
            var account = (await Keycloak.AdminAsync(HttpMethod.Get, $"{_fixture.Realm}/clients/{id}/service-account-user"))!["id"];
            await Keycloak.AdminAsync(
                HttpMethod.Post, $"{_fixture.Realm}/users/{account}/role-mappings/realm", new JsonArray((await Keycloak.AdminAsync(HttpMethod.Get, $"{_fixture.Realm}/roles/{role}"))!.DeepClone()));
            return await Keycloak.TokenAsync(_fixture.Realm, ("grant_type", "client_credentials"), ("client_id", client), ("client_secret", Secret));
        }

        public override async Task<(string Name, string Address)> PersonWithAddressAsync()
        {
            var name = await PersonAsync(role: null);
            return (name, name + "@example.com");
        }

        public override async Task<string> NativeClientAsync()
        {
            const string client = "step";
            await Keycloak.AdminAsync(HttpMethod.Post, $"{_fixture.Realm}/clients", new JsonObject
            {
                ["clientId"] = client,
                ["publicClient"] = true,
                ["standardFlowEnabled"] = true,
                ["redirectUris"] = new JsonArray("http://127.0.0.1/*"),
                ["attributes"] = new JsonObject { ["pkce.code.challenge.method"] = "S256" },
            });
            return client;
        }

        public override async Task<PlatformClient> AdminAsync() => await _fixture.Provider.AdminAsync();

        public override X509Certificate2 Root => _fixture.Provider.Trust.Root;

        public override bool IsTenant => false;

        public override Task InitializeAsync() => _fixture.InitializeAsync();

        public override Task DisposeAsync() => _fixture.DisposeAsync();
    }
}
