using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>People at the portals in a real browser: the provider's staff at a tenant's, a tenant's own at the provider's.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class BrowserLoginTests(TenantFixture fixture, Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    private IBrowserContext _context = null!;
    private IPage _page = null!;

    private string TenantPortal => new Uri(fixture.Stack.Url, "portal").AbsoluteUri;
    private string ProviderPortal => new Uri(fixture.Provider.Url, "portal").AbsoluteUri;
    private ILocator Problem => _page.Locator("[role=alert], #input-error, .kc-feedback-text");

    public async Task InitializeAsync()
    {
        _context = await chromium.OpenAsync();
        _page = await _context.NewPageAsync();
    }

    public async Task DisposeAsync() => await _context.DisposeAsync();

    [SkippableFact]
    public async Task PlatformAdmin_WithAnAccountAtTheProviderOnly_IsTheTenantsAdmin_AndSignsOutEverywhere()
    {
        var console = new List<string>();
        _page.Console += (_, message) => console.Add(message.Text);

        await SignInThroughProviderAsync("paula");

        (await TextAsync("name")).ShouldBe("cdm-provider.paula");
        (await TextAsync("realm")).ShouldBe(fixture.Keycloak.Issuer(TenantFixture.Tenant));
        (await TextAsync("way")).ShouldBe("at the identity provider, through cdm-provider");
        (await TextAsync("roles")).ShouldBe("cdm-admin");
        (await _page.EvaluateAsync<string>("document.cookie")).ShouldBeEmpty();

        await SignOutAsync();
        await _page.WaitForURLAsync(TenantPortal);
        await Assertions.Expect(_page.Locator("h1")).ToHaveTextAsync("Sign in");

        // Neither Keycloak lets her in again without her password.
        await _page.ClickAsync("section >> text=Sign in");
        await _page.ClickAsync("#social-cdm-provider");
        await Assertions.Expect(_page.Locator("#password")).ToBeVisibleAsync();
        console.ShouldNotContain(text => text.Contains("Content Security Policy", StringComparison.Ordinal) && text.Contains("localhost", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task PlatformOperator_OnlyLooks()
    {
        await SignInThroughProviderAsync("oscar");

        (await TextAsync("roles")).ShouldBe("cdm-viewer");
    }

    [SkippableFact]
    public async Task ProvidersAdmin_WithoutAPlatformRole_ShowsTheReason()
    {
        await SignInThroughProviderAsync("nora");

        (await Problem.InnerTextAsync()).ShouldContain("have no role here");
    }

    [SkippableFact]
    public async Task TenantsOwnUser_GetsIntoItsPortalAndNotIntoTheProviders()
    {
        await fixture.Keycloak.AddUserAsync(TenantFixture.Tenant, "tom", TenantFixture.Password, "cdm-admin");
        await _page.GotoAsync(TenantPortal);
        await _page.ClickAsync("section >> text=Sign in");
        await TypeAsync("tom");
        (await TextAsync("roles")).ShouldBe("cdm-admin");
        (await TextAsync("way")).ShouldBe("at the identity provider");

        await _page.GotoAsync(ProviderPortal);
        await Assertions.Expect(_page.Locator("h1")).ToHaveTextAsync("Sign in");
        await _page.ClickAsync("section >> text=Sign in");
        await TypeAsync("tom");

        _page.Url.ShouldStartWith(fixture.Keycloak.Issuer(fixture.ProviderRealm));
        (await Problem.First.InnerTextAsync()).ShouldContain("Invalid username or password");
        await _page.GotoAsync(ProviderPortal);
        await Assertions.Expect(_page.Locator("h1")).ToHaveTextAsync("Sign in");
    }

    [SkippableFact]
    public async Task LocalAccount_OnAPhone_SignsInAndOut()
    {
        await _page.SetViewportSizeAsync(360, 640);
        await _page.GotoAsync(TenantPortal);
        await _page.ClickAsync("summary");
        await _page.GetByLabel("Name").FillAsync("admin");
        await _page.GetByLabel("Password").FillAsync(Stacks.ProviderStack.AdminPassword);
        await _page.ClickAsync("details button");

        (await TextAsync("way")).ShouldBe("with a local account");
        (await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= 360")).ShouldBeTrue();
        await SignOutAsync();
        await Assertions.Expect(_page.Locator("h1")).ToHaveTextAsync("Sign in");
    }

    private async Task SignInThroughProviderAsync(string username)
    {
        await _page.GotoAsync(TenantPortal);
        await _page.ClickAsync("section >> text=Sign in");
        await _page.ClickAsync("#social-cdm-provider");
        await TypeAsync(username);
    }

    private async Task TypeAsync(string username)
    {
        await _page.FillAsync("#username", username);
        await _page.FillAsync("#password", TenantFixture.Password);
        await _page.ClickAsync("#kc-login");
        await _page.WaitForLoadStateAsync(LoadState.Load);
    }

    /// <summary>Of the account's menu, closed or open.</summary>
    private Task<string?> TextAsync(string id) => _page.Locator("#" + id).TextContentAsync();

    private async Task SignOutAsync()
    {
        await _page.ClickAsync("#account-menu summary");
        await _page.ClickAsync("text=Sign out");
    }
}
