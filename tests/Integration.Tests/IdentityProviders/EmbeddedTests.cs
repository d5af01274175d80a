using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>The provider's own issuer, to a stack that takes it for any other: it reads Keycloak's claims and can't tell the two apart.</summary>
public sealed class EmbeddedTests(EmbeddedTests.Host host) : IdentityProviderSuite<EmbeddedTests.Host>(host)
{
    public sealed class Host : IdentityProviderHost
    {
        private readonly TempFolder _folder = new();
        private readonly string _secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        private ProviderStack _provider = null!;
        private TenantStack _tenant = null!;
        private int _people;

        public override Uri Url => _tenant.Url;

        public override TestDatabase Database => _tenant.Database;

        public override string Issuer => new Uri(_provider.Url, "realms/cdm").AbsoluteUri;

        public override async Task<string> PersonAsync(string? role)
        {
            var name = $"person-{Interlocked.Increment(ref _people)}";
            await _provider.Database.ExecuteAsync(
                "INSERT INTO accounts.accounts (username, password_hash, roles, created_at) SELECT $1, password_hash, $2::text[], created_at FROM accounts.accounts WHERE username = 'admin'",
                name, role is null ? "{}" : $"{{{role}}}");
            return name;
        }

        public override Task ChangeRoleAsync(string person, string role) => _provider.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = ARRAY[$2] WHERE username = $1", person, role);

        public override Task<BrowserPage> SignInAsync(Browser browser, BrowserPage form, string person, string? stopAt = null) =>
            browser.SubmitAsync(form, "/realms/cdm/sign-in", stopAt, ("username", person), ("password", ProviderStack.AdminPassword));

        public override async Task<string> TokenAsync(string role)
        {
            using var admin = await _provider.AdminAsync();
            var account = await admin.AddServiceAccountAsync(new AddServiceAccountRequest { Name = $"robot-{Interlocked.Increment(ref _people)}", Roles = [role] });
            using var tokens = TokenClient.Create(_provider.Url, _provider.Trust.Provider("iot.example"));
            return (await tokens.BySecretAsync(account.ClientId, account.ClientSecret!)).AccessToken;
        }

        public override async Task<(string Name, string Address)> PersonWithAddressAsync()
        {
            var name = await PersonAsync(role: null);
            var address = name + "@iot.example";
            await _provider.Database.ExecuteAsync("UPDATE accounts.accounts SET username = $2 WHERE username = $1", name, address);
            return (address, address);
        }

        public override Task<string> NativeClientAsync() => Task.FromResult("step");

        public override Task<BrowserPage> LetInAsync(Browser browser, BrowserPage page, string callback) => browser.SubmitAsync(page, "let-in", callback, ("decision", "allow"));

        public override async Task<PlatformClient> AdminAsync() => await _tenant.AdminAsync();

        public override X509Certificate2 Root => _provider.Trust.Root;

        public override async Task InitializeAsync()
        {
            _provider = await ProviderStack.StartAsync(new Dictionary<string, string?> { ["IOT_STEP_LOGIN"] = "allow" });
            var ca = _folder.Combine("ca.pem");
            await File.WriteAllTextAsync(ca, await File.ReadAllTextAsync(Path.Combine(_provider.Data, "certs", "root_ca.crt")) + await File.ReadAllTextAsync(Path.Combine(_provider.Data, "certs", "intermediate_ca.crt")));
            _tenant = await TenantStack.LaunchAsync(_provider, "initech", (await _provider.PrepareAsync("initech")).JoinKey, new Dictionary<string, string?>
            {
                ["IOT_IDENTITY"] = "keycloak",
                ["IOT_OIDC_ISSUER"] = Issuer,
                ["IOT_OIDC_CA"] = ca,
                ["IOT_OIDC_CLIENT_SECRET"] = _secret,
            });
            await _tenant.ReadyAsync();
            await RegisterAsync();
        }

        public override async Task DisposeAsync()
        {
            if (_tenant is not null)
            {
                await _tenant.DisposeAsync();
            }

            if (_provider is not null)
            {
                await _provider.DisposeAsync();
            }

            _folder.Dispose();
        }

        /// <summary>A client for the API, which the platform itself makes none of: its stacks sign their people in without one.</summary>
        private Task RegisterAsync() => _provider.Database.ExecuteAsync(
            """
            INSERT INTO issuer.applications (id, application_type, client_id, client_secret, client_type, concurrency_token, consent_type, display_name, permissions, redirect_uris, post_logout_redirect_uris, requirements)
            VALUES ('portal', 'web', 'iot-portal', $1, 'confidential', '1', 'implicit', 'another stack',
              '["ept:authorization","ept:token","ept:end_session","ept:revocation","gt:authorization_code","gt:refresh_token","rst:code","scp:profile","scp:email","scp:iot-bridge-api"]',
              jsonb_build_array($2::text), jsonb_build_array($3::text), '["ft:pkce"]')
            """,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_secret))), new Uri(Url, "portal/oidc/callback").AbsoluteUri, new Uri(Url, "portal").AbsoluteUri);
    }
}
