using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Integration.Tests.OidcProvider;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>A certified provider that does what the standard says: npm's <c>oidc-provider</c>.</summary>
public sealed class NpmOidcProviderTests(NpmOidcProviderTests.Host host) : IdentityProviderSuite<NpmOidcProviderTests.Host>(host)
{
    public sealed class Host : IdentityProviderHost
    {
        private readonly OidcProviderTests.Fixture _fixture = new();
        private int _people;

        public override Uri Url => _fixture.Tenant.Url;

        public override TestDatabase Database => _fixture.Tenant.Database;

        public override string Issuer => _fixture.Issuer;

        /// <summary>Its people have the roles that their names say.</summary>
        public override Task<string> PersonAsync(string? role)
        {
            var name = $"person-{Interlocked.Increment(ref _people)}";
            return Task.FromResult(role is null ? name : $"{name}.{role}");
        }

        /// <summary>To a viewer's, for everybody.</summary>
        public override async Task ChangeRoleAsync(string person, string role)
        {
            role.ShouldBe("cdm-viewer");
            using var http = new HttpClient();
            await http.GetStringAsync(new Uri(Issuer + "/demote"));
        }

        public override async Task<BrowserPage> SignInAsync(Browser browser, BrowserPage form, string person, string? stopAt = null)
        {
            using var http = new HttpClient();
            await http.GetStringAsync(new Uri(Issuer + "/promote"));
            return await browser.SubmitAsync(form, "interaction", stopAt, ("login", person), ("password", "any"));
        }

        public override Task<BrowserPage> ConfirmSignOutAsync(Browser browser, BrowserPage page) => browser.SubmitAsync(page, "session/end/confirm", ("logout", "yes"));

        public override Task<string> TokenAsync(string role) => _fixture.TokenAsync($"robot-{(role == "cdm-viewer" ? "ES256" : "RS256")}.{role}");

        public override async Task<(string Name, string Address)> PersonWithAddressAsync()
        {
            var name = await PersonAsync(role: null);
            return (name, name + "@example.com");
        }

        public override Task<string> NativeClientAsync() => Task.FromResult("step");

        public override Task<BrowserPage> LetInAsync(Browser browser, BrowserPage page, string callback) => browser.SubmitAsync(page, "interaction", callback);

        public override async Task<PlatformClient> AdminAsync() => await _fixture.Tenant.AdminAsync();

        public override X509Certificate2 Root => _fixture.Tenant.Root.Root;

        public override Task InitializeAsync() => _fixture.InitializeAsync();

        public override Task DisposeAsync() => _fixture.DisposeAsync();
    }
}
