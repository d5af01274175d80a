using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>A tenant's own realm, and the provider's staff in it, with one real Keycloak for both.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class TenantRealmTests(TenantFixture fixture)
{
    private const string Tenant = TenantFixture.Tenant;
    private const string Provider = "cdm-provider";
    private const string Password = TenantFixture.Password;

    private KeycloakServer Keycloak => fixture.Keycloak;

    [SkippableFact]
    public async Task PlatformAdmin_WithAnAccountAtTheProviderOnly_IsTheTenantsAdmin()
    {
        var tokens = await fixture.SignInAsync("paula", Provider);

        Roles(tokens).ShouldBe(["cdm-admin"]);
        using var client = fixture.Client(tokens);
        await client.ListDevicesAsync();
        await client.CreateTokenAsync(new CreateEnrollmentTokenRequest());
        (await fixture.Stack.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE actor = 'oidc:cdm-provider.paula'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task PlatformOperator_OnlyLooks()
    {
        var tokens = await fixture.SignInAsync("oscar", Provider);

        Roles(tokens).ShouldBe(["cdm-viewer"]);
        using var client = fixture.Client(tokens);
        await client.ListDevicesAsync();
        (await Should.ThrowAsync<ApiException>(() => client.CreateTokenAsync(new CreateEnrollmentTokenRequest()))).Status.ShouldBe(403);
    }

    [SkippableFact]
    public async Task ProvidersAdmin_WithoutAPlatformRole_IsUnauthenticatedAtTheTenant()
    {
        var tokens = await fixture.SignInAsync("nora", Provider);

        Roles(tokens).ShouldBeEmpty();
        using var client = fixture.Client(tokens);
        (await Should.ThrowAsync<ApiException>(() => client.ListDevicesAsync())).Status.ShouldBe(401);
    }

    /// <summary>The tenant has no Keycloak: its portal is itself a client of the provider's realm.</summary>
    [SkippableTheory]
    [InlineData("paula", "cdm-admin")]
    [InlineData("oscar", "cdm-viewer")]
    public async Task StaffOfTheProvider_SignsInAtTheTenantWithoutKeycloak(string username, string role)
    {
        var tenant = await fixture.WithoutKeycloakAsync();
        using var browser = new Browser();
        var atProvider = await browser.GetAsync((await browser.GetAsync(new Uri(tenant.Url, "portal"))).Link("Platform provider"));

        var page = await browser.SubmitAsync(atProvider, "login-actions", ("username", username), ("password", Password));

        page["name"].ShouldBe("cdm-provider." + username);
        page["realm"].ShouldBe(Keycloak.Issuer(fixture.ProviderRealm));
        page["roles"].ShouldBe(role);
        var after = await browser.SubmitAsync(page, "sign-out");
        after.Url.ShouldBe(new Uri(tenant.Url, "portal"));
        after["name"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task RoleTakenAwayAtTheProvider_NextLogin_HasItNoMore()
    {
        await Keycloak.AddUserAsync(fixture.ProviderRealm, "quinn", Password, "platform-admin");
        Roles(await fixture.SignInAsync("quinn", Provider)).ShouldBe(["cdm-admin"]);
        var user = (await Keycloak.AdminAsync(HttpMethod.Get, $"{fixture.ProviderRealm}/users?exact=true&username=quinn"))![0]!;
        var role = (await Keycloak.AdminAsync(HttpMethod.Get, $"{fixture.ProviderRealm}/roles/platform-admin"))!;
        await Keycloak.AdminAsync(HttpMethod.Delete, $"{fixture.ProviderRealm}/users/{user["id"]}/role-mappings/realm", new JsonArray(role.DeepClone()));

        Roles(await fixture.SignInAsync("quinn", Provider)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task TenantsOwnUser_IsUnauthenticatedAtTheProvider()
    {
        await Keycloak.AddUserAsync(Tenant, "tina", Password, "cdm-admin");
        var tokens = await fixture.SignInAsync("tina", identityProvider: null);

        Roles(tokens).ShouldBe(["cdm-admin"]);
        using var provider = ProviderClient.Create(fixture.Provider.Url, fixture.Provider.Trust.Provider());
        provider.UseToken((string)tokens["access_token"]!);
        (await Should.ThrowAsync<ApiException>(() => provider.ListTenantsAsync())).Status.ShouldBe(401);
        await Should.ThrowAsync<InvalidOperationException>(() => fixture.SignInAsync("tina", Provider));
    }

    [SkippableFact]
    public async Task GuestWithTheNameOfATenantsOwnUser_GetsAnAccountOfItsOwn()
    {
        await Keycloak.AddUserAsync(fixture.ProviderRealm, "twin", Password, "platform-operator");
        await Keycloak.AdminAsync(HttpMethod.Post, $"{Tenant}/users", new JsonObject { ["username"] = "twin", ["enabled"] = true });

        var claims = Claims(await fixture.SignInAsync("twin", Provider));

        ((string?)claims["preferred_username"]).ShouldBe("cdm-provider.twin");
        (await Keycloak.AdminAsync(HttpMethod.Get, $"{Tenant}/users?username=twin"))!.AsArray().Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task IdentityProviderChangedByHand_TenantRestarted_IsPutRight()
    {
        var instance = (await Keycloak.AdminAsync(HttpMethod.Get, $"{Tenant}/identity-provider/instances/{Provider}"))!.AsObject();
        instance["config"]!["syncMode"] = "IMPORT";
        instance["config"]!["validateSignature"] = "false";
        instance["config"]!["clientSecret"] = "another";
        await Keycloak.AdminAsync(HttpMethod.Put, $"{Tenant}/identity-provider/instances/{Provider}", instance);
        await Keycloak.AdminAsync(HttpMethod.Post, $"{Tenant}/identity-provider/instances/{Provider}/mappers", new JsonObject
        {
            ["name"] = "everybody",
            ["identityProviderAlias"] = Provider,
            ["identityProviderMapper"] = "oidc-hardcoded-role-idp-mapper",
            ["config"] = new JsonObject { ["role"] = "cdm-admin", ["syncMode"] = "FORCE" },
        });

        await fixture.RestartAsync();

        var repaired = (await Keycloak.AdminAsync(HttpMethod.Get, $"{Tenant}/identity-provider/instances/{Provider}"))!;
        ((string?)repaired["config"]!["syncMode"]).ShouldBe("FORCE");
        ((string?)repaired["config"]!["validateSignature"]).ShouldBe("true");
        Roles(await fixture.SignInAsync("oscar", Provider)).ShouldBe(["cdm-viewer"]);
        fixture.Stack.Process.Output.ShouldContain("mapper everybody removed");
    }

    [SkippableFact]
    public async Task FirstBoot_WrongKeycloakPassword_EndsAndNamesTheSetting()
    {
        var prepared = await fixture.Provider.PrepareAsync("wrongpw");
        await using var stack = await TenantStack.LaunchAsync(fixture.Provider, "wrongpw", prepared.JoinKey, TenantFixture.Settings(Keycloak, "wrongpw", "not the password"));

        (await stack.Process.WaitForExitAsync(TimeSpan.FromSeconds(120))).ShouldNotBe(0);
        stack.Process.Output.ShouldContain("IOT_KEYCLOAK_ADMIN_PASSWORD");
        stack.Process.Output.ShouldContain("unknown name or wrong password");
        stack.Process.Output.ShouldNotContain("not the password");
    }

    [SkippableFact]
    public async Task FirstBoot_KeycloakKilledWhileTheRealmIsMade_WaitsForItAndGoesOn()
    {
        var provider = fixture.Provider;
        var prepared = await provider.PrepareAsync("patient");
        await using var join = await Hold.OnWriteAsync(provider.Database, "provider.keycloak_registrations", "true");
        await using var stack = await TenantStack.LaunchAsync(provider, "patient", prepared.JoinKey, TenantFixture.Settings(Keycloak, "patient", Keycloak.AdminPassword));
        await join.ReachedAsync(provider.Process);
        await using var setup = await Hold.OnWriteAsync(stack.Database, "tenant.realm_secrets", "true");
        await join.ReleaseAsync();
        await setup.ReachedAsync(stack.Process);
        await Keycloak.KillAsync();
        await setup.ReleaseAsync();
        await stack.Process.WaitForLineAsync(line => line.Contains("does not answer", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        await Keycloak.StartAgainAsync();

        await stack.Process.WaitForLineAsync(line => line.Contains("Upkeep: federation done", StringComparison.Ordinal), TimeSpan.FromSeconds(180));
        ((string?)(await Keycloak.ClientAsync("patient", "iot-federation-keeper"))!["clientId"]).ShouldBe("iot-federation-keeper");
        (await Keycloak.AdminAsync(HttpMethod.Get, $"patient/identity-provider/instances/{Provider}")).ShouldNotBeNull();
        stack.Process.Output.ShouldNotContain(Keycloak.AdminPassword);
    }

    [SkippableFact]
    public async Task Keeper_TriesMoreThanItsOneRight_IsRefusedByKeycloak()
    {
        var secret = (string)(await Keycloak.ClientAsync(Tenant, "iot-federation-keeper"))!["secret"]!;
        var token = await Keycloak.TokenAsync(Tenant, ("grant_type", "client_credentials"), ("client_id", "iot-federation-keeper"), ("client_secret", secret));
        using var http = new HttpClient { BaseAddress = Keycloak.Url, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

        foreach (var path in new[] { "users", "clients", "components" })
        {
            ((int)(await http.GetAsync($"admin/realms/{Tenant}/{path}")).StatusCode).ShouldBe(403, path);
        }

        foreach (var (path, name) in new[] { ("users", "username"), ("clients", "clientId"), ("roles", "name"), ("authentication/flows", "alias"), ("client-scopes", "name"), ("components", "name") })
        {
            using var body = new StringContent($$"""{"{{name}}":"mine"}""", System.Text.Encoding.UTF8, "application/json");
            ((int)(await http.PostAsync($"admin/realms/{Tenant}/{path}", body)).StatusCode).ShouldBe(403, path);
        }
    }

    private static string[] Roles(JsonNode tokens) => [.. Claims(tokens)["realm_access"]?["roles"]?.AsArray().Select(r => (string)r!) ?? []];

    private static JsonNode Claims(JsonNode tokens) => JsonNode.Parse(Base64UrlText((string)tokens["access_token"]!))!;

    private static byte[] Base64UrlText(string token) => System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]);
}
