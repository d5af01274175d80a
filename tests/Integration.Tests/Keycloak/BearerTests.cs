using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>A real Keycloak's tokens at a real provider.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class BearerTests(BearerTests.Staff staff) : IClassFixture<BearerTests.Staff>
{
    private KeycloakServer Keycloak => staff.Keycloak;

    [SkippableFact]
    public async Task AdminsToken_PreparesATenant_UnderTheUsersName()
    {
        using var client = Client(await staff.TokenAsync("ann"));

        await client.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "by-ann", DisplayName = "By Ann" });

        (await staff.Provider.Database.ScalarAsync<string>("SELECT actor FROM audit.entries WHERE subject = 'by-ann' ORDER BY 1 LIMIT 1")).ShouldBe("oidc:ann");
    }

    [SkippableFact]
    public async Task ViewersToken_ReadsAndChangesNothing()
    {
        using var client = Client(await staff.TokenAsync("vera"));

        await client.ListTenantsAsync();
        (await Should.ThrowAsync<ApiException>(() => client.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "by-vera", DisplayName = "By Vera" }))).Status.ShouldBe(403);
    }

    [SkippableFact]
    public async Task PlatformAdminsToken_OpensNothingAtTheProvider() => await RefusedAsync(await staff.TokenAsync("pat"));

    [SkippableFact]
    public async Task TokenForAnotherClient_WithTheRoleButNotTheAudience_Refused()
    {
        var token = await staff.TokenAsync("ann", "another-app");

        System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).ShouldContain("cdm-admin");
        await RefusedAsync(token);
    }

    [SkippableFact]
    public async Task IdTokenAndRefreshToken_AreNoAccessTokens()
    {
        var tokens = await staff.TokensAsync("ann", "test-app");

        await RefusedAsync((string)tokens["id_token"]!);
        await RefusedAsync((string)tokens["refresh_token"]!);
    }

    [SkippableFact]
    public async Task OtherRealmsToken_OfAnAdminThere_Refused()
    {
        const string Tenant = "tenant-a";
        await Keycloak.AdminAsync(HttpMethod.Post, "", new JsonObject { ["realm"] = Tenant, ["enabled"] = true, ["roles"] = new JsonObject { ["realm"] = new JsonArray(new JsonObject { ["name"] = "cdm-admin" }) } });
        await Keycloak.AddUserAsync(Tenant, "ann", Staff.Password, "cdm-admin");
        await staff.AddAppAsync(Tenant, "test-app", ["basic", "profile", "roles"]);

        await RefusedAsync(await Keycloak.TokenAsync(Tenant, ("grant_type", "password"), ("client_id", "test-app"), ("username", "ann"), ("password", Staff.Password)));
    }

    [SkippableFact]
    public async Task TokensATenantsRealmGets_OpenNothingAtTheProvider_ButShowThePlatformRoles()
    {
        using var tenant = await JoiningTenant.PrepareAsync(staff.Provider, "nosy");
        var bundle = await tenant.JoinAsync();
        await Keycloak.AddUserAsync(staff.Realm, "both", Staff.Password, "cdm-admin", "platform-admin");
        using var login = new FormLogin(Keycloak, staff.Realm);

        var tokens = await login.TokensAsync(bundle.CdmIdpClientId!, bundle.CdmIdpClientSecret!, tenant.Callback, "both", Staff.Password);

        var access = Claims((string)tokens["access_token"]!);
        access["realm_access"].ShouldBeNull();
        access["resource_access"].ShouldBeNull();
        access["aud"].ShouldBeNull();
        var id = Claims((string)tokens["id_token"]!);
        id["platform_roles"]!.ToJsonString().ShouldBe("""["platform-admin"]""");
        id["realm_access"].ShouldBeNull();
        await RefusedAsync((string)tokens["access_token"]!);
        await RefusedAsync((string)tokens["id_token"]!);
    }

    [SkippableFact]
    public async Task RealmsKeyRolledOver_NewTokensAreAcceptedWithinSeconds_AndOldOnesStillAre()
    {
        var old = await staff.TokenAsync("ann");
        (await staff.StatusAsync(old)).ShouldBe(200);
        await Keycloak.AdminAsync(HttpMethod.Post, $"{staff.Realm}/components", new JsonObject
        {
            ["name"] = "rolled-over",
            ["providerId"] = "rsa-generated",
            ["providerType"] = "org.keycloak.keys.KeyProvider",
            ["config"] = new JsonObject { ["priority"] = new JsonArray("200"), ["enabled"] = new JsonArray("true"), ["active"] = new JsonArray("true"), ["algorithm"] = new JsonArray("PS256") },
        });
        var app = (await Keycloak.ClientAsync(staff.Realm, "test-app"))!;
        app["attributes"]!["access.token.signed.response.alg"] = "PS256";
        await Keycloak.AdminAsync(HttpMethod.Put, $"{staff.Realm}/clients/{app["id"]}", app);

        var renewed = await staff.TokenAsync("ann");

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await staff.StatusAsync(renewed) != 200)
        {
            await Task.Delay(500, patience.Token);
        }

        (await staff.StatusAsync(old)).ShouldBe(200);
        renewed.Split('.')[0].ShouldNotBe(old.Split('.')[0]);
    }

    private static JsonNode Claims(string token) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!;

    private ProviderClient Client(string token)
    {
        var client = ProviderClient.Create(staff.Provider.Url, staff.Provider.Trust.Provider());
        client.UseToken(token);
        return client;
    }

    private async Task RefusedAsync(string token) => (await staff.StatusAsync(token)).ShouldBe(401);

    /// <summary>People and apps in the platform's realm.</summary>
    public sealed class Staff : IAsyncLifetime
    {
        public const string Password = "correct horse";
        private readonly KeycloakFixture _fixture = new();

        public KeycloakServer Keycloak => _fixture.Keycloak;
        public Stacks.ProviderStack Provider => _fixture.Provider;
        public string Realm => _fixture.Realm;

        public async Task InitializeAsync()
        {
            await _fixture.InitializeAsync();
            await Keycloak.AddUserAsync(Realm, "ann", Password, "cdm-admin");
            await Keycloak.AddUserAsync(Realm, "vera", Password, "cdm-viewer");
            await Keycloak.AddUserAsync(Realm, "pat", Password, "platform-admin");
            await AddAppAsync(Realm, "test-app", ["basic", "profile", "iot-bridge-api"]);
            await AddAppAsync(Realm, "another-app", ["basic", "profile", "roles"]);
        }

        public Task DisposeAsync() => _fixture.DisposeAsync();

        public Task AddAppAsync(string realm, string clientId, string[] scopes) => Keycloak.AdminAsync(HttpMethod.Post, $"{realm}/clients", new JsonObject
        {
            ["clientId"] = clientId,
            ["publicClient"] = true,
            ["directAccessGrantsEnabled"] = true,
            ["fullScopeAllowed"] = scopes.Contains("roles"),
            ["defaultClientScopes"] = new JsonArray([.. scopes.Select(s => (JsonNode)s)]),
        });

        public Task<JsonNode> TokensAsync(string username, string app) => Keycloak.TokensAsync(
            Realm, ("grant_type", "password"), ("client_id", app), ("scope", "openid"), ("username", username), ("password", Password));

        public async Task<string> TokenAsync(string username, string app = "test-app") => (string)(await TokensAsync(username, app))["access_token"]!;

        /// <summary>What the provider answers a list of tenants with.</summary>
        public async Task<int> StatusAsync(string token)
        {
            using var client = ProviderClient.Create(Provider.Url, Provider.Trust.Provider());
            client.UseToken(token);
            try
            {
                await client.ListTenantsAsync();
                return 200;
            }
            catch (ApiException e)
            {
                return e.Status;
            }
        }
    }
}
