using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>Each tenant's client at a real Keycloak: made by JOIN, kept, replaced, removed, whatever happens in between.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class FederationTests(KeycloakFixture fixture) : IClassFixture<KeycloakFixture>
{
    private KeycloakServer Keycloak => fixture.Keycloak;
    private ProviderStack Provider => fixture.Provider;

    [SkippableFact]
    public async Task Join_KeycloakUp_MakesOneConfidentialClientWithTheExactCallback()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "exact");

        var bundle = await tenant.JoinAsync();

        var client = await ClientAsync(tenant);
        ((string?)client["secret"]).ShouldBe(bundle.CdmIdpClientSecret);
        client["redirectUris"]!.ToJsonString().ShouldBe($"""["{tenant.Callback}"]""");
        foreach (var flag in new[] { "publicClient", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled", "fullScopeAllowed" })
        {
            ((bool)client[flag]!).ShouldBeFalse(flag);
        }

        ((string?)client["attributes"]!["pkce.code.challenge.method"]).ShouldBe("S256");
        bundle.CdmDiscoveryUrl.ShouldBe(Keycloak.Issuer(fixture.Realm) + "/.well-known/openid-configuration");
        bundle.CdmIdpClientId.ShouldBe(tenant.ClientId);
        (await fixture.Admin.GetTenantAsync("exact")).FederationClientId.ShouldBe(tenant.ClientId);
    }

    [SkippableFact]
    public async Task Join_KeycloakDown_Answers503AndCompletesLaterWithTheSameKey()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "down");
        using var joined = await JoiningTenant.PrepareAsync(Provider, "joined-before");
        var known = (await joined.JoinAsync()).CdmIdpClientSecret!;
        await Keycloak.KillAsync();

        (await tenant.WaitsAsync()).ShouldContain("identity provider does not answer");
        (await fixture.Admin.GetTenantAsync("down")).Status.ShouldBe(TenantStatus.Joining);

        // Nor is anything of another tenant lost: its old secret stays until the new one has arrived.
        (await Should.ThrowAsync<ApiException>(() => fixture.Admin.RotateFederationSecretAsync("joined-before"))).Status.ShouldBe(503);
        (await joined.JoinAsync()).CdmIdpClientSecret.ShouldBe(known);

        await Keycloak.StartAgainAsync();
        var bundle = await UntilJoinedAsync(tenant);
        ((string?)(await ClientAsync(tenant))["secret"]).ShouldBe(bundle.CdmIdpClientSecret);
    }

    [SkippableFact]
    public async Task Join_KeycloakRestartedBeforeItsAnswerIsRecorded_CompletesWithTheSameSecret()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "restarted");
        Task<string> first;
        await using (var hold = await Hold.OnWriteAsync(Provider.Database, "provider.keycloak_registrations", "NEW.ciphertext IS NOT NULL"))
        {
            first = tenant.WaitsAsync();
            await hold.ReachedAsync(Provider.Process);
            await Keycloak.StopAsync();
        }

        await first;
        var secret = (await Provider.Database.ScalarAsync<string>("SELECT ciphertext FROM provider.federation_secrets WHERE tenant_id = 'restarted'"))!;
        await Keycloak.StartAgainAsync();

        var bundle = await UntilJoinedAsync(tenant);

        (await Provider.Database.ScalarAsync<string>("SELECT ciphertext FROM provider.federation_secrets WHERE tenant_id = 'restarted'")).ShouldBe(secret);
        ((string?)(await ClientAsync(tenant))["secret"]).ShouldBe(bundle.CdmIdpClientSecret);
        Provider.Process.Output.ShouldContain("its registration access token is lost");

        // The right to change and delete it is lost; an administrator gives it back, once.
        var refused = await Should.ThrowAsync<ApiException>(() => fixture.Admin.RemoveTenantAsync("restarted"));
        refused.Message.ShouldContain("iot identity init");
        (await fixture.InitAsync()).Changes.ShouldBe(["client cdm-federation-restarted taken over"]);
        await UntilRemovedAsync("restarted");
        (await Keycloak.ClientAsync(fixture.Realm, tenant.ClientId)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Join_ClientDeletedByHandBetweenTwoTries_IsMadeAgainWithTheSameSecret()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "deleted");
        string? secret;
        Task<string> first;
        await using (var hold = await Hold.OnWriteAsync(Provider.Database, "provider.join_steps", "NEW.step = 'federation' AND NEW.completed_at IS NOT NULL"))
        {
            first = tenant.WaitsAsync();
            await hold.ReachedAsync(Provider.Process);
            var client = await ClientAsync(tenant);
            secret = (string?)client["secret"];
            await Keycloak.AdminAsync(HttpMethod.Delete, $"{fixture.Realm}/clients/{client["id"]}");
        }

        await first;
        var bundle = await UntilJoinedAsync(tenant);

        bundle.CdmIdpClientSecret.ShouldBe(secret);
        ((string?)(await ClientAsync(tenant))["secret"]).ShouldBe(secret);
    }

    [SkippableFact]
    public async Task Join_ClientIdTakenByAForeignClient_SaysSoAndCompletesOnceAnAdministratorHandsItOver()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "taken");
        await Keycloak.AdminAsync(HttpMethod.Post, $"{fixture.Realm}/clients", new JsonObject
        {
            ["clientId"] = tenant.ClientId,
            ["secret"] = "somebody else's",
            ["redirectUris"] = new JsonArray("*"),
            ["publicClient"] = true,
        });

        (await tenant.WaitsAsync()).ShouldContain("has a client cdm-federation-taken that is not the platform's");

        (await fixture.InitAsync()).Changes.ShouldBe(["client cdm-federation-taken taken over"]);
        var bundle = await UntilJoinedAsync(tenant);
        var client = await ClientAsync(tenant);
        ((string?)client["secret"]).ShouldBe(bundle.CdmIdpClientSecret);
        client["redirectUris"]!.ToJsonString().ShouldBe($"""["{tenant.Callback}"]""");
        ((bool)client["publicClient"]!).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Join_WithoutKeycloak_SucceedsAndIsFederatedLater()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "later");

        var bundle = await tenant.JoinAsync(withKeycloak: false);

        (await Keycloak.ClientAsync(fixture.Realm, tenant.ClientId)).ShouldBeNull();
        var step = (await fixture.Admin.GetTenantAsync("later")).Steps.Single(s => s.Step == "federation");
        step.CompletedAt.ShouldNotBeNull();
        step.Note!.ShouldStartWith("not configured");

        var credentials = await fixture.Admin.ConfigureFederationAsync("later", new() { KeycloakUrl = "https://keycloak.later.example" });

        credentials.CdmIdpClientSecret.ShouldBe(bundle.CdmIdpClientSecret);
        (await ClientAsync(tenant))["redirectUris"]!.ToJsonString().ShouldBe($"""["{tenant.Callback}"]""");
        (await fixture.Admin.GetTenantAsync("later")).Steps.Single(s => s.Step == "federation").Note.ShouldBeNull();
    }

    [SkippableFact]
    public async Task Configure_ClientWasWidenedByHand_IsPutRight()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "drift");
        await tenant.JoinAsync();
        var client = await ClientAsync(tenant);
        client["redirectUris"] = new JsonArray(tenant.Callback, "https://evil.example/*");
        client["directAccessGrantsEnabled"] = true;
        client["fullScopeAllowed"] = true;
        client["secret"] = "guessable";
        await Keycloak.AdminAsync(HttpMethod.Put, $"{fixture.Realm}/clients/{client["id"]}", client);
        var roles = (await Keycloak.AdminAsync(HttpMethod.Get, $"{fixture.Realm}/client-scopes"))!.AsArray().Single(s => (string?)s!["name"] == "roles")!;
        await Keycloak.AdminAsync(HttpMethod.Put, $"{fixture.Realm}/clients/{client["id"]}/default-client-scopes/{roles["id"]}");

        var credentials = await fixture.Admin.ConfigureFederationAsync("drift", new() { KeycloakUrl = "https://keycloak.drift.example" });

        var repaired = await ClientAsync(tenant);
        repaired["redirectUris"]!.ToJsonString().ShouldBe($"""["{tenant.Callback}"]""");
        ((bool)repaired["directAccessGrantsEnabled"]!).ShouldBeFalse();
        ((bool)repaired["fullScopeAllowed"]!).ShouldBeFalse();
        ((string?)repaired["secret"]).ShouldBe(credentials.CdmIdpClientSecret);
        repaired["defaultClientScopes"]!.AsArray().Select(s => (string?)s).ShouldBe(["basic", "profile", "email", "iot-federation"], ignoreOrder: true);
    }

    [SkippableFact]
    public async Task Configure_KeycloakHasMoved_OnlyTheNewCallbackIsLeft()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "moved");
        await tenant.JoinAsync();

        await fixture.Admin.ConfigureFederationAsync("moved", new() { KeycloakUrl = "https://elsewhere.example/auth/" });

        (await ClientAsync(tenant))["redirectUris"]!.ToJsonString().ShouldBe("""["https://elsewhere.example/auth/realms/moved/broker/cdm-provider/endpoint"]""");
    }

    [SkippableTheory]
    [InlineData("https://keycloak.example/*")]
    [InlineData("http://keycloak.example")]
    [InlineData("https://user:word@keycloak.example")]
    [InlineData("javascript:alert(1)")]
    public async Task Configure_AddressThatHidesSomething_Refused(string url) =>
        (await Should.ThrowAsync<ApiException>(() => fixture.Admin.ConfigureFederationAsync("any-tenant", new() { KeycloakUrl = url }))).Status.ShouldBe(400);

    [SkippableFact]
    public async Task RotateSecret_Always_ReplacesTheOldOne()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "rotated");
        var before = (await tenant.JoinAsync()).CdmIdpClientSecret!;

        var after = (await fixture.Admin.RotateFederationSecretAsync("rotated")).CdmIdpClientSecret;

        after.ShouldNotBe(before);
        ((string?)(await ClientAsync(tenant))["secret"]).ShouldBe(after);
        (await tenant.JoinAsync()).CdmIdpClientSecret.ShouldBe(after);
    }

    [SkippableFact]
    public async Task Remove_Tenant_TakesItsClientAlong()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "removed");
        await tenant.JoinAsync();

        await fixture.Admin.RemoveTenantAsync("removed");

        (await Keycloak.ClientAsync(fixture.Realm, tenant.ClientId)).ShouldBeNull();
        (await Provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.keycloak_registrations WHERE tenant_id = 'removed'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Remove_ClientWasDeletedByHand_IsNoFailure()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "gone");
        await tenant.JoinAsync();
        await Keycloak.AdminAsync(HttpMethod.Delete, $"{fixture.Realm}/clients/{(await ClientAsync(tenant))["id"]}");

        await fixture.Admin.RemoveTenantAsync("gone");
    }

    [SkippableFact]
    public async Task Secrets_InTheDatabaseAndTheLog_AreNowhereInTheClear()
    {
        using var tenant = await JoiningTenant.PrepareAsync(Provider, "secret");
        var secret = (await tenant.JoinAsync()).CdmIdpClientSecret!;
        var provisioner = (string)(await Keycloak.ClientAsync(fixture.Realm, "iot-provisioner"))!["secret"]!;

        foreach (var (table, column) in new[] { ("provider.federation_secrets", "ciphertext"), ("provider.keycloak_registrations", "ciphertext"), ("provider.keycloak_secrets", "ciphertext") })
        {
            var text = (await Provider.Database.ScalarAsync<string>($"SELECT string_agg(t::text, ' ') FROM {table} t"))!;
            text.ShouldNotContain(secret);
            text.ShouldNotContain(provisioner);

            // What data protection writes begins like this; a token in the clear would begin with eyJ.
            (await Provider.Database.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE {column} LIKE 'CfDJ8%'")).ShouldBeGreaterThan(0);
            (await Provider.Database.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE {column} NOT LIKE 'CfDJ8%'")).ShouldBe(0);
        }

        Provider.Process.Output.ShouldNotContain(secret);
        Provider.Process.Output.ShouldNotContain(provisioner);
        Provider.Process.Output.ShouldNotContain(Keycloak.AdminPassword);
    }

    private async Task<JsonObject> ClientAsync(JoiningTenant tenant) =>
        await Keycloak.ClientAsync(fixture.Realm, tenant.ClientId) ?? throw new InvalidOperationException($"no client {tenant.ClientId}");

    /// <summary>Comes again, as a tenant does, until the JOIN is done; by the same key.</summary>
    private static async Task<Contracts.Join.JoinBundle> UntilJoinedAsync(JoiningTenant tenant)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                return await tenant.JoinAsync();
            }
            catch (ApiException e) when (e.Status == (int)HttpStatusCode.ServiceUnavailable)
            {
                await Task.Delay(200, patience.Token);
            }
        }
    }

    private async Task UntilRemovedAsync(string tenantId)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await fixture.Admin.RemoveTenantAsync(tenantId);
                return;
            }
            catch (ApiException e) when (e.Status == (int)HttpStatusCode.NotFound)
            {
                return;
            }
            catch (ApiException e) when (e.Status == (int)HttpStatusCode.ServiceUnavailable)
            {
                await Task.Delay(200, patience.Token);
            }
        }
    }
}
