using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>The provider's staff at a tenant in a real browser: provider and tenant each with Keycloak or with their own issuer.</summary>
public sealed class FourMixesTests(PrivateCaTests.Fixture fixture, Chromium chromium) : IClassFixture<PrivateCaTests.Fixture>, IClassFixture<Chromium>
{
    [SkippableTheory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Staff_SignsInAtTheTenant_WithTheRightRole(bool providerHasKeycloak, bool tenantHasKeycloak)
    {
        await fixture.RestartProviderAsync(providerHasKeycloak ? fixture.CaFile : null);
        var (administrator, @operator) = await HireAsync(providerHasKeycloak);
        var tenantId = $"mix-{(providerHasKeycloak ? "k" : "e")}{(tenantHasKeycloak ? "k" : "e")}";
        await using var tenant = tenantHasKeycloak ? await fixture.JoinAsync(tenantId) : await LaunchAsync(tenantId);

        var issuer = providerHasKeycloak ? fixture.Keycloak.Issuer("cdm") : new Uri(fixture.Provider.Url, "realms/cdm").AbsoluteUri;
        (await BundleDiscovery.IsServedAsync(BundleOf(tenant))).ShouldBe(issuer);
        (await SignInAsync(tenant, administrator, providerHasKeycloak, tenantHasKeycloak)).ShouldBe($"cdm-provider.{administrator.Name}: cdm-admin");
        (await SignInAsync(tenant, @operator, providerHasKeycloak, tenantHasKeycloak)).ShouldBe($"cdm-provider.{@operator.Name}: cdm-viewer");
    }

    private async Task<TenantStack> LaunchAsync(string tenantId)
    {
        var tenant = await TenantStack.LaunchAsync(fixture.Provider, tenantId, (await fixture.Provider.PrepareAsync(tenantId)).JoinKey);
        await tenant.ReadyAsync();
        return tenant;
    }

    private static JoinBundle BundleOf(TenantStack tenant) =>
        JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(tenant.Data, "join-bundle", "bundle.json")), ContractsJson.Default.JoinBundle)!;

    /// <summary>One who administers the platform, and one who operates it.</summary>
    private async Task<(Person Administrator, Person Operator)> HireAsync(bool atKeycloak)
    {
        const string Password = "correct horse";
        if (!atKeycloak)
        {
            await fixture.Provider.Database.ExecuteAsync("""
                INSERT INTO accounts.accounts (username, password_hash, roles, created_at)
                SELECT 'olga', password_hash, '{cdm-operator}', created_at FROM accounts.accounts WHERE username = 'admin' ON CONFLICT DO NOTHING
                """);
            return (new("admin", ProviderStack.AdminPassword), new("olga", ProviderStack.AdminPassword));
        }

        if ((await fixture.Keycloak.AdminAsync(HttpMethod.Get, "cdm/users?exact=true&username=oscar"))!.AsArray().Count == 0)
        {
            await fixture.Keycloak.AddUserAsync("cdm", "oscar", Password, "platform-operator");
        }

        return (new("paula", Password), new("oscar", Password));
    }

    private async Task<string> SignInAsync(TenantStack tenant, Person person, bool providerHasKeycloak, bool tenantHasKeycloak)
    {
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(tenant.Url, "portal").AbsoluteUri);
        if (tenantHasKeycloak)
        {
            await page.ClickAsync("section >> text=Sign in");
            await page.ClickAsync("#social-cdm-provider");
        }
        else
        {
            await page.ClickAsync("text=Platform provider");
        }

        await page.FillAsync("input[name=username]", person.Name);
        await page.FillAsync("input[name=password]", person.Password);
        await page.ClickAsync(providerHasKeycloak ? "#kc-login" : "form:has(#password) button");
        await page.WaitForURLAsync(new Uri(tenant.Url, "portal/ui").AbsoluteUri);
        return $"{await page.Locator("#name").TextContentAsync()}: {await page.Locator("#roles").TextContentAsync()}";
    }

    private sealed record Person(string Name, string Password);
}
