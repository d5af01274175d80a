using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Integration.Tests.Keycloak;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Integration.Tests.IdentityProviders;

/// <summary>The embedded issuer's accounts in a real Keycloak, by the file that <c>iot identity move-to-keycloak</c> writes.</summary>
[Collection(SharedKeycloak.Name)]
public sealed class MoveToKeycloakTests(MoveToKeycloakTests.Fixture fixture) : IClassFixture<MoveToKeycloakTests.Fixture>
{
    private const string Callback = "https://hooli.example/portal/oidc/callback";

    [SkippableFact]
    public async Task Person_SignsInWithTheSamePassword_AsTheSameSubject_WithTheSameRoles()
    {
        var claims = await SignInAsync("admin");

        ((string?)claims["preferred_username"]).ShouldBe("admin");
        ((string?)claims["sub"]).ShouldBe((await fixture.Provider.Database.ScalarAsync<Guid>("SELECT subject FROM accounts.accounts WHERE username = 'admin'")).ToString());
        claims["platform_roles"]!.AsArray().Select(role => (string?)role).ShouldBe(["platform-admin"]);
    }

    [SkippableFact]
    public async Task Person_WithAnAuthenticatorApp_IsAskedForItsCode()
    {
        using var browser = new Browser();
        var form = await browser.GetAsync(new Uri(AuthorizeUrl()));

        var second = await browser.SubmitAsync(form, "login-actions", Callback, ("username", "tina"), ("password", ProviderStack.AdminPassword));

        second.Html.ShouldContain("name=\"otp\"");
        var again = await browser.SubmitAsync(second, "login-actions", Callback, ("otp", "000000"));
        again.Html.ShouldContain("name=\"otp\"");
        var end = await browser.SubmitAsync(again, "login-actions", Callback, ("otp", fixture.Code()));
        end.Url.AbsoluteUri.ShouldStartWith(Callback);
    }

    [SkippableTheory]
    [InlineData("invited")]
    [InlineData("disabled")]
    public async Task Person_WhoCouldNotSignInBefore_CanNotNow(string username)
    {
        using var browser = new Browser();

        var page = await browser.SubmitAsync(await browser.GetAsync(new Uri(AuthorizeUrl())), "login-actions", Callback, ("username", username), ("password", ProviderStack.AdminPassword));

        page.Url.Host.ShouldBe(fixture.Keycloak.Url.Host);
    }

    [SkippableFact]
    public async Task Program_WithAKey_GetsTokensThatTheApiTakes_WithItsRoles()
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var issuer = fixture.Keycloak.Issuer("cdm");
        var assertion = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Claims = new Dictionary<string, object> { ["sub"] = "service-account-signer", ["jti"] = Guid.NewGuid().ToString("N") },
            Issuer = "service-account-signer",
            Audience = issuer,
            IssuedAt = now,
            Expires = now.AddMinutes(1),
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(fixture.Key), SecurityAlgorithms.EcdsaSha256),
        });

        var tokens = await fixture.Keycloak.TokensAsync(
            "cdm", ("grant_type", "client_credentials"), ("client_id", "service-account-signer"), ("client_assertion", assertion),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));

        var claims = Claims((string)tokens["access_token"]!);
        Audiences(claims).ShouldContain("iot-bridge-api");
        claims["realm_access"]!["roles"]!.AsArray().Select(role => (string?)role).ShouldBe(["cdm-operator"]);
    }

    [SkippableFact]
    public void Remarks_SayWhatCouldNotBeMoved()
    {
        fixture.Exported.Remarks.Count.ShouldBe(2);
        fixture.Exported.Remarks.ShouldContain(remark => remark.StartsWith("invited has no password", StringComparison.Ordinal));
        fixture.Exported.Remarks.ShouldContain(remark => remark.StartsWith("service-account-secretive has a secret", StringComparison.Ordinal));
    }

    /// <summary>An administrator's token is not enough for what only the machine's operator could read anyway.</summary>
    [SkippableFact]
    public async Task Export_ByAnAdministrator_Refused()
    {
        using var machine = await fixture.Provider.AdminAsync();
        var account = await machine.AddServiceAccountAsync(new AddServiceAccountRequest { Name = "administrator", Roles = ["cdm-admin"] });
        using var tokens = TokenClient.Create(fixture.Provider.Url, fixture.Provider.Trust.Provider("iot.example"));
        using var admin = ProviderClient.Create(fixture.Provider.Url, fixture.Provider.Trust.Provider("iot.example"));
        admin.UseToken((await tokens.BySecretAsync(account.ClientId, account.ClientSecret!)).AccessToken);

        (await Should.ThrowAsync<ApiException>(() => admin.ExportIdentityAsync())).Code.ShouldBe("operator_only");
    }

    private async Task<JsonNode> SignInAsync(string username)
    {
        using var login = new FormLogin(fixture.Keycloak, "cdm");
        var tokens = await login.TokensAsync("cdm-federation-hooli", fixture.Bundle.CdmIdpClientSecret!, Callback, username, ProviderStack.AdminPassword);
        return Claims((string)tokens["id_token"]!);
    }

    private string AuthorizeUrl()
    {
        var challenge = System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(new string('v', 64))));
        return $"{fixture.Keycloak.Issuer("cdm")}/protocol/openid-connect/auth?client_id=cdm-federation-hooli&response_type=code&scope=openid&state=s&nonce=n"
            + $"&redirect_uri={Uri.EscapeDataString(Callback)}&code_challenge={challenge}&code_challenge_method=S256";
    }

    private static JsonNode Claims(string token) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!;

    private static IEnumerable<string?> Audiences(JsonNode claims) => claims["aud"] is JsonArray many ? many.Select(audience => (string?)audience) : [(string?)claims["aud"]];

    /// <summary>A provider with people, programs and a tenant, and what Keycloak has of them.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private AuthenticatorApp _phone = null!;

        public ProviderStack Provider { get; private set; } = null!;

        public KeycloakServer Keycloak { get; private set; } = null!;

        public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public Contracts.Join.JoinBundle Bundle { get; private set; } = null!;

        public ExportedRealm Exported { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Keycloak = await KeycloakServer.SharedAsync();
            Provider = await ProviderStack.StartAsync();
            using var admin = await Provider.AdminAsync();
            await admin.AddAccountAsync(new() { Username = "invited", Roles = ["cdm-viewer"] });
            foreach (var name in new[] { "tina", "disabled" })
            {
                await Provider.Database.ExecuteAsync($"INSERT INTO accounts.accounts (username, password_hash, roles, created_at) SELECT '{name}', password_hash, ARRAY['cdm-operator'], created_at FROM accounts.accounts WHERE username = 'admin'");
            }

            await admin.DisableAccountAsync("disabled");
            await AddAuthenticatorAsync();
            await admin.AddServiceAccountAsync(new AddServiceAccountRequest { Name = "secretive", Roles = ["cdm-viewer"] });
            await admin.AddServiceAccountAsync(new AddServiceAccountRequest { Name = "signer", Roles = ["cdm-operator"], PublicKey = Key.ExportSubjectPublicKeyInfoPem() });
            using (var tenant = await JoiningTenant.PrepareAsync(Provider, "hooli"))
            {
                Bundle = await tenant.JoinAsync(portal: new Uri("https://hooli.example/"));
                await tenant.ConfirmAsync();
            }

            Exported = await admin.ExportIdentityAsync();
            await Keycloak.AdminAsync(HttpMethod.Delete, "cdm");
            await Keycloak.AdminAsync(HttpMethod.Post, "", JsonNode.Parse(JsonSerializer.Serialize(Exported.Realm)));
        }

        public async Task DisposeAsync()
        {
            Key.Dispose();
            if (Keycloak is not null)
            {
                await Keycloak.AdminAsync(HttpMethod.Delete, "cdm");
            }

            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }
        }

        /// <summary>As tina's phone shows it.</summary>
        public string Code() => _phone.CodeAt(TimeProvider.System.GetUtcNow());

        private async Task AddAuthenticatorAsync()
        {
            using var browser = new Browser();
            var account = new Uri(Provider.Url, "portal/account");
            await browser.SubmitAsync(await browser.GetAsync(new Uri(Provider.Url, "portal")), "sign-in", ("username", "tina"), ("password", ProviderStack.AdminPassword));
            await browser.SubmitAsync(await browser.GetAsync(account), "account/confirm", ("password", ProviderStack.AdminPassword), ("code", ""));
            var page = await browser.SubmitAsync(await browser.GetAsync(account), "account/authenticator");
            _phone = new AuthenticatorApp(page["secret"]!);
            await browser.SubmitAsync(page, "authenticator/add", ("code", Code()));
        }
    }
}
