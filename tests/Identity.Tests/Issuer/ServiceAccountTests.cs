using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Tests.Issuer;

/// <summary>Programs with tokens of the issuer (RFC 6749 section 4.4, RFC 7523 section 2.2).</summary>
public sealed class ServiceAccountTests(IssuerFixture fixture) : IClassFixture<IssuerFixture>
{
    private ServiceAccounts Accounts => fixture.App.Services.GetRequiredService<ServiceAccounts>();

    [SkippableFact]
    public async Task Token_BySecret_OpensTheApiWithTheAccountsRolesAndNoOthers()
    {
        var secret = await AddAsync("reader", Roles.Viewer);

        var tokens = await fixture.PostAsync("token", "service-account-reader", secret, ("grant_type", "client_credentials"), ("scope", "iot-bridge-api"));

        tokens.Status.ShouldBe(200, tokens.Text);
        var claims = tokens.Claims("access_token");
        ((string?)claims["aud"]).ShouldBe("iot-bridge-api");
        ((string?)claims["preferred_username"]).ShouldBe("service-account-reader");
        claims["realm_access"]!["roles"]!.AsArray().Select(role => (string?)role).ShouldBe(["cdm-viewer"]);
        tokens["refresh_token"].ShouldBeNull();
        tokens["id_token"].ShouldBeNull();
        (await StatusAsync("portal/admin/service-accounts", tokens)).ShouldBe(403);
    }

    [SkippableFact]
    public async Task Admin_ListsAddsRotatesAndRemoves_AndEachIsAudited()
    {
        var admin = (await fixture.SignedInAsync(IssuerFixture.Api, "ada"))["access_token"]!;
        (await SendAsync(HttpMethod.Post, "", admin, """{"name":"backup","roles":["cdm-admin"]}""")).Status.ShouldBe(200);
        (await SendAsync(HttpMethod.Post, "", admin, """{"name":"backup","roles":["cdm-admin"]}""")).Status.ShouldBe(409);
        var rotated = (await SendAsync(HttpMethod.Post, "/backup/rotate", admin, "{}")).Json;
        ((string?)rotated["token_endpoint"]).ShouldBe(fixture.Endpoint("token").AbsoluteUri);
        var tokens = await TokenAsync("backup", (string)rotated["client_secret"]!);
        (await fixture.GetAsync(new Uri(fixture.Portal.Url, "portal/audit"), tokens["access_token"])).Status.ShouldBe(200);
        var list = (await fixture.GetAsync(new Uri(fixture.Portal.Url, "portal/admin/service-accounts"), admin)).Text;
        list.ShouldContain("service-account-backup");
        list.ShouldNotContain((string)rotated["client_secret"]!);

        (await SendAsync(HttpMethod.Delete, "/backup", admin)).Status.ShouldBe(204);
        (await SendAsync(HttpMethod.Delete, "/backup", admin)).Status.ShouldBe(404);
        (await TokenAsync("backup", (string)rotated["client_secret"]!))["error"].ShouldBe("invalid_client");

        (await fixture.App.Database.ScalarAsync<string>(
            "SELECT string_agg(action || ' by ' || actor, ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'service-account-backup'"))
            .ShouldBe("service_account.added by ada, service_account.rotated by ada, service_account.removed by ada");
    }

    [SkippableFact]
    public async Task Rotate_TheSecretBefore_IsWorthNothing()
    {
        var before = await AddAsync("rolling", Roles.Viewer);
        var after = await Accounts.RotateAsync("rolling", publicKey: null, "ada", default);

        (await TokenAsync("rolling", before))["error"].ShouldBe("invalid_client");
        (await TokenAsync("rolling", after!)).Status.ShouldBe(200);
    }

    [SkippableTheory]
    [InlineData("EC")]
    [InlineData("RSA")]
    public async Task Token_ByPrivateKeyJwt_AndByNothingElse(string kind)
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var name = "signing-" + kind.ToLowerInvariant();
        (SecurityKey key, string algorithm, string pem) = kind == "EC"
            ? (new ECDsaSecurityKey(ec), SecurityAlgorithms.EcdsaSha256, ec.ExportSubjectPublicKeyInfoPem())
            : ((SecurityKey)new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha256, rsa.ExportSubjectPublicKeyInfoPem());
        (await Accounts.AddAsync(name, [Roles.Operator], pem, "ada", default)).ShouldBeNull();

        var good = await AssertAsync(Assertion(name, key, algorithm));
        good.Status.ShouldBe(200, good.Text);
        ((string?)good.Claims("access_token")["preferred_username"]).ShouldBe("service-account-" + name);

        foreach (var (what, assertion) in new[]
        {
            ("another key", Assertion(name, new ECDsaSecurityKey(other), SecurityAlgorithms.EcdsaSha256)),
            ("another audience", Assertion(name, key, algorithm, audience: "https://evil.example/realms/cdm")),
            ("another client's name", Assertion("reader-of-none", key, algorithm)),
            ("expired", Assertion(name, key, algorithm, expires: fixture.App.Time.GetUtcNow().AddMinutes(-10))),
            ("the public key as a secret", Assertion(name, new SymmetricSecurityKey(System.Text.Encoding.ASCII.GetBytes(pem)), SecurityAlgorithms.HmacSha256)),
        })
        {
            var answer = await AssertAsync(assertion);
            answer["access_token"].ShouldBeNull(what);
            answer.Status.ShouldBeOneOf(400, 401);
        }

        (await TokenAsync(name, pem))["access_token"].ShouldBeNull();
        (await TokenAsync(name, ""))["access_token"].ShouldBeNull();
    }

    [SkippableTheory]
    [InlineData("openid iot-federation")]
    [InlineData("everything")]
    public async Task Token_OtherScopes_Refused(string scope)
    {
        var secret = await AddAsync("scoped-" + scope.Length.ToString(CultureInfo.InvariantCulture), Roles.Viewer);

        var answer = await fixture.PostAsync("token", "service-account-scoped-" + scope.Length.ToString(CultureInfo.InvariantCulture), secret, ("grant_type", "client_credentials"), ("scope", scope));

        answer["access_token"].ShouldBeNull();
        answer.Status.ShouldBe(400);
    }

    [SkippableFact]
    public async Task Grant_OfPeople_IsNotAServiceAccounts()
    {
        var secret = await AddAsync("lonely", Roles.Admin);
        using var browser = new Browser();

        (await browser.GetAsync(new AuthorizationRequest { ClientId = "service-account-lonely", RedirectUri = "https://evil.example/", Scope = "iot-bridge-api" }.Url(fixture))).Html
            .ShouldContain("This link does not work");
        (await fixture.PostAsync("token", "service-account-lonely", secret, ("grant_type", "refresh_token"), ("refresh_token", "x"))).Status.ShouldBe(400);
        var tokens = await TokenAsync("lonely", secret);
        (await fixture.GetAsync(fixture.Endpoint("userinfo"), tokens["access_token"])).Status.ShouldBeOneOf(400, 401, 403);
    }

    [SkippableTheory]
    [InlineData("Backup", null, "bad_name")]
    [InlineData("a b", null, "bad_name")]
    [InlineData("-a", null, "bad_name")]
    [InlineData("", null, "bad_name")]
    [InlineData("x", "no key", "bad_public_key")]
    [InlineData("x", "p224", "bad_public_key")]
    [InlineData("x", "rsa-1024", "bad_public_key")]
    [InlineData("x", "private", "bad_public_key")]
    public async Task Add_BadNameOrKey_Refused(string name, string? key, string code)
    {
        using var rsa = RSA.Create(1024);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var odd = ECDsa.Create(ECCurve.CreateFromFriendlyName("secp224r1"));
        var pem = key switch { "p224" => odd.ExportSubjectPublicKeyInfoPem(), "rsa-1024" => rsa.ExportSubjectPublicKeyInfoPem(), "private" => ec.ExportPkcs8PrivateKeyPem(), _ => key };

        (await Should.ThrowAsync<Hosting.ProblemException>(() => Accounts.AddAsync(name, [Roles.Viewer], pem, "ada", default))).Code.ShouldBe(code);
    }

    /// <summary>Tokens name people and programs by one claim.</summary>
    [SkippableFact]
    public async Task Account_CalledAsAServiceAccount_Refused() =>
        (await Should.ThrowAsync<Hosting.ProblemException>(() => fixture.App.Accounts.CreateAsync("service-account-reader", TestApp.Password, [Roles.Viewer], default))).Code.ShouldBe("bad_username");

    private async Task<string> AddAsync(string name, string role) => (await Accounts.AddAsync(name, [role], publicKey: null, "ada", default))!;

    private Task<TokenAnswer> TokenAsync(string name, string secret) => fixture.PostAsync("token", "service-account-" + name, secret, ("grant_type", "client_credentials"));

    private Task<TokenAnswer> AssertAsync(string assertion) => fixture.PostAsync("token",
        [("grant_type", "client_credentials"), ("client_assertion", assertion), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]);

    private string Assertion(string name, SecurityKey key, string algorithm, string? audience = null, DateTimeOffset? expires = null)
    {
        var now = fixture.App.Time.GetUtcNow().UtcDateTime;
        var end = expires?.UtcDateTime ?? now.AddMinutes(1);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Subject = new ClaimsIdentity([new Claim("sub", "service-account-" + name), new Claim("jti", Guid.NewGuid().ToString("N"))]),
            Issuer = "service-account-" + name,
            Audience = audience ?? fixture.Issuer,
            IssuedAt = end.AddMinutes(-1),
            NotBefore = end.AddMinutes(-1),
            Expires = end,
            SigningCredentials = new SigningCredentials(key, algorithm),
            TokenType = "client-authentication+jwt",
        });
    }

    private async Task<int> StatusAsync(string path, TokenAnswer tokens) => (await fixture.GetAsync(new Uri(fixture.Portal.Url, path), tokens["access_token"])).Status;

    private Task<TokenAnswer> SendAsync(HttpMethod method, string path, string bearer, string? json = null) =>
        fixture.SendAsync(method, new Uri(fixture.Portal.Url, "portal/admin/service-accounts" + path), bearer, json);
}
