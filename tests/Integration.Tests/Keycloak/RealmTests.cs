using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>The platform's realm: made with an administrator's credential that is used once, kept, and worked in with the least rights.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class RealmTests(KeycloakFixture fixture) : IClassFixture<KeycloakFixture>
{
    private KeycloakServer Keycloak => fixture.Keycloak;
    private string Realm => fixture.Realm;

    [SkippableFact]
    public async Task Join_BeforeInit_SaysWhatToDoAndCompletesAfterwards()
    {
        await using var provider = await ProviderStack.StartAsync(KeycloakFixture.Settings(Keycloak, "not-yet"));
        using var tenant = await JoiningTenant.PrepareAsync(provider, "early");
        using var admin = await provider.AdminAsync(TimeSpan.FromMinutes(3));

        (await tenant.WaitsAsync()).ShouldContain("iot identity init");

        await admin.InitIdentityAsync(new InitIdentityRequest { Username = KeycloakServer.Admin, Password = Keycloak.AdminPassword });
        (await tenant.JoinAsync()).CdmIdpClientId.ShouldBe(tenant.ClientId);
    }

    [SkippableFact]
    public async Task Init_Again_ChangesNothing() => (await fixture.InitAsync()).Changes.ShouldBeEmpty();

    [SkippableTheory]
    [InlineData("admin", "wrong password", null)]
    [InlineData("nobody", "wrong password", null)]
    [InlineData("admin", "wrong password", "no-such-realm")]
    public async Task Init_WrongAdministrator_Refused(string username, string password, string? realm)
    {
        var refused = await Should.ThrowAsync<ApiException>(() => fixture.Admin.InitIdentityAsync(new InitIdentityRequest { Username = username, Password = password, Realm = realm }));

        (refused.Status, refused.Code).ShouldBe((400, "identity_credential_refused"));
        fixture.Provider.Process.Output.ShouldNotContain(password);
    }

    [SkippableFact]
    public async Task Init_AdministratorWithoutTheRight_Refused()
    {
        await Keycloak.AdminAsync(HttpMethod.Post, "", new JsonObject { ["realm"] = "elsewhere", ["enabled"] = true });
        await Keycloak.AddUserAsync("elsewhere", "ann", "correct horse");

        var refused = await Should.ThrowAsync<ApiException>(
            () => fixture.Admin.InitIdentityAsync(new InitIdentityRequest { Username = "ann", Password = "correct horse", Realm = "elsewhere" }));

        refused.Code.ShouldBe("identity_credential_refused");
        refused.Message.ShouldContain("may not");
    }

    [SkippableFact]
    public async Task Init_ChangedByHand_IsPutRight()
    {
        var realm = (await Keycloak.AdminAsync(HttpMethod.Get, Realm))!.AsObject();
        realm["bruteForceProtected"] = false;
        await Keycloak.AdminAsync(HttpMethod.Put, Realm, realm);
        var portal = (await Keycloak.ClientAsync(Realm, "iot-portal"))!;
        portal["redirectUris"] = new JsonArray("*");
        await Keycloak.AdminAsync(HttpMethod.Put, $"{Realm}/clients/{portal["id"]}", portal);
        await Keycloak.AdminAsync(HttpMethod.Delete, $"{Realm}/roles/cdm-operator");

        var changes = (await fixture.InitAsync()).Changes;

        changes.ShouldBe([$"realm {Realm} changed", "role cdm-operator created", "role cdm-operator in client scope iot-bridge-api created", "client iot-portal changed"]);
        (await Keycloak.ClientAsync(Realm, "iot-portal"))!["redirectUris"]!.ToJsonString().ShouldBe($"""["{fixture.Provider.Url}portal/oidc/callback"]""");
        ((bool)(await Keycloak.AdminAsync(HttpMethod.Get, Realm))!["bruteForceProtected"]!).ShouldBeTrue();
    }

    [SkippableFact]
    public async Task Provisioner_TriesMoreThanItsOneRight_IsRefusedByKeycloak()
    {
        var secret = (string)(await Keycloak.ClientAsync(Realm, "iot-provisioner"))!["secret"]!;
        var token = await Keycloak.TokenAsync(Realm, ("grant_type", "client_credentials"), ("client_id", "iot-provisioner"), ("client_secret", secret));
        using var http = new HttpClient { BaseAddress = Keycloak.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

        foreach (var path in new[] { "users", "clients", "client-scopes", "components", "roles", "clients-initial-access", "identity-provider/instances" })
        {
            (await http.GetAsync($"admin/realms/{Realm}/{path}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
        }

        using var tenant = await JoiningTenant.PrepareAsync(fixture.Provider, "privileged");
        await tenant.JoinAsync();
        (await http.GetAsync($"realms/{Realm}/clients-registrations/default/{tenant.ClientId}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await http.DeleteAsync($"realms/{Realm}/clients-registrations/default/{tenant.ClientId}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }
}
