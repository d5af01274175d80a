using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Jose;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>Attacks on a login by a man in the middle, another client or another site. None yields a session.</summary>
public sealed class LoginAttackTests : IClassFixture<LoginAttackTests.Fixture>
{
    private readonly LoginFixture _login;

    public LoginAttackTests(Fixture fixture)
    {
        _login = fixture.Login;
        _login.Reset();
    }

    private OidcLogins Logins => _login.Logins;
    private long Now => _login.App.Time.GetUtcNow().ToUnixTimeSeconds();

    [SkippableFact]
    public async Task LoginCsrf_AttackersAnswerInAVictimsBrowser_Refused()
    {
        using var attacker = new Browser();
        using var victim = new Browser();
        var answer = Logins.Answered(await _login.BeginAsync(attacker));

        await RefusedAsync(victim, answer, HttpStatusCode.BadRequest, "NoAttempt");
        Logins.Redeemed.ShouldBe(0);
    }

    [SkippableFact]
    public async Task StateSwap_BothHaveBegunALogin_Refused()
    {
        using var attacker = new Browser();
        using var victim = new Browser();
        var answer = Logins.Answered(await _login.BeginAsync(attacker));
        await _login.BeginAsync(victim);

        await RefusedAsync(victim, answer, HttpStatusCode.BadRequest, "AnotherAttempt");
        Logins.Redeemed.ShouldBe(0);
    }

    [SkippableFact]
    public async Task CodeInjection_StolenCodeIntoAnAttackersOwnLogin_RefusedByPkce()
    {
        using var victim = new Browser();
        using var attacker = new Browser();
        var stolen = Logins.Code(await _login.BeginAsync(victim));

        await RefusedAsync(attacker, Logins.Answered(await _login.BeginAsync(attacker), stolen), HttpStatusCode.Forbidden, "ProviderRefused");
        Logins.Redeemed.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Replay_SameAnswerWithAKeptCookie_RefusedWithoutAskingTheProvider()
    {
        using var browser = new Browser();
        using var again = new Browser();
        var answer = Logins.Answered(await _login.BeginAsync(browser));
        PortalApp.Take(browser, again, PortalApp.LoginCookie);
        (await browser.GetAsync(answer))["name"].ShouldBe("ann");

        await RefusedAsync(again, answer, HttpStatusCode.BadRequest, "UsedBefore");
        Logins.Redeemed.ShouldBe(1);
        await RefusedAsync(again, answer, HttpStatusCode.BadRequest, "NoAttempt");
    }

    [SkippableFact]
    public async Task Expired_LoginOfTenMinutesAgo_Refused()
    {
        using var browser = new Browser();
        var answer = Logins.Answered(await _login.BeginAsync(browser));
        _login.App.Time.Advance(TimeSpan.FromMinutes(10));

        await RefusedAsync(browser, answer, HttpStatusCode.BadRequest, "NoAttempt");
    }

    [SkippableTheory]
    [InlineData("https://other.example/realms/cdm")]
    [InlineData(null)]
    public async Task MixUp_AnswerOfAnotherIssuerOrOfNone_NeverReachesTheTokenEndpoint(string? issuer)
    {
        using var browser = new Browser();
        var answer = Logins.Answered(await _login.BeginAsync(browser)).AbsoluteUri;
        answer = answer[..answer.IndexOf("&iss=", StringComparison.Ordinal)] + (issuer is null ? "" : "&iss=" + Uri.EscapeDataString(issuer));

        await RefusedAsync(browser, new Uri(answer), HttpStatusCode.Forbidden, "AnotherIssuer");
        Logins.Redeemed.ShouldBe(0);
    }

    [SkippableTheory]
    [InlineData("", "no state")]
    [InlineData("?code=x", "no state")]
    [InlineData("?state=x", "neither or both")]
    [InlineData("?state=x&code=y&error=access_denied", "neither or both")]
    [InlineData("?state=x&state=y&code=z", "given twice")]
    [InlineData("?state=x&code=y&code=z", "given twice")]
    [InlineData("?state=x&code=", "empty")]
    [InlineData("?state=x&code=LONG", "too long")]
    [InlineData("?state=LONG&code=x", "too long")]
    [InlineData("?state=x&code=y&iss=LONG", "too long")]
    public async Task Malformed_Answer_Refused(string query, string reason)
    {
        using var browser = new Browser();
        await _login.BeginAsync(browser);

        await RefusedAsync(browser, new Uri(_login.Portal.Callback, query.Replace("LONG", new string('a', 3000), StringComparison.Ordinal)), HttpStatusCode.BadRequest, "Malformed");
        _login.Log.ShouldContain(reason);
    }

    [SkippableTheory]
    [InlineData("access_denied", "Denied")]
    [InlineData("temporarily_unavailable", "ProviderRefused")]
    [InlineData("<script>alert(1)</script>", "ProviderRefused")]
    [InlineData("x\r\nforged log line", "ProviderRefused")]
    public async Task ProvidersError_IsExplained_AndNothingOfItIsShown(string error, string problem)
    {
        using var browser = new Browser();
        var state = System.Web.HttpUtility.ParseQueryString((await _login.BeginAsync(browser)).Query)["state"];
        var answer = new Uri($"{_login.Portal.Callback}?state={state}&error={Uri.EscapeDataString(error)}&error_description=%3Cscript%3Ealert(2)%3C/script%3E&iss={Uri.EscapeDataString(_login.Issuer.Issuer)}");

        var page = await RefusedAsync(browser, answer, HttpStatusCode.Forbidden, problem);

        page.Html.ShouldNotContain("alert(");
        page.Link("Try again").AbsolutePath.ShouldBe("/portal/oidc/login");
        _login.Log.Split('\n').ShouldNotContain(line => line.StartsWith("forged", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task ProvidersError_ForALoginThatWasNotBegun_IsNotBelieved()
    {
        using var browser = new Browser();

        await RefusedAsync(browser, new Uri(_login.Portal.Callback, "?state=x&error=access_denied"), HttpStatusCode.BadRequest, "NoAttempt");
    }

    [SkippableTheory]
    [InlineData("iss", "https://other.example/realms/cdm", "BadIssuer")]
    [InlineData("aud", "another-client", "BadAudience")]
    [InlineData("aud", "iot-bridge-api", "BadAudience")]
    [InlineData("azp", "another-client", "BadAudience")]
    [InlineData("nonce", "another-login", "Malformed")]
    [InlineData("nonce", null, "Malformed")]
    [InlineData("sub", null, "MissingClaim")]
    [InlineData("exp", null, "MissingClaim")]
    [InlineData("iat", null, "MissingClaim")]
    [InlineData("typ", "Bearer", "Malformed")]
    [InlineData("typ", "Refresh", "Malformed")]
    [InlineData("sub", "somebody-else", "Malformed")]
    [InlineData("at_hash", "AAAAAAAAAAAAAAAAAAAAAA", "Malformed")]
    public async Task IdToken_WithAWrongClaim_Refused(string claim, string? value, string error)
    {
        Logins.IdToken = claims =>
        {
            claims.Remove(claim);
            if (value is not null)
            {
                claims[claim] = value;
            }
        };

        await BadTokenAsync(error);
    }

    [SkippableFact]
    public async Task IdToken_ForOthersToo_OnlyWithThisClientAsParty()
    {
        Logins.IdToken = claims =>
        {
            claims["aud"] = new JsonArray("iot-portal", "another-client");
            claims.Remove("azp");
        };
        await BadTokenAsync("BadAudience");

        Logins.IdToken = claims => claims["aud"] = new JsonArray("iot-portal", "another-client");
        using var browser = new Browser();
        (await _login.SignInAsync(browser))["name"].ShouldBe("ann");
    }

    [SkippableFact]
    public async Task IdToken_Expired_Refused()
    {
        Logins.IdToken = claims => claims["exp"] = Now - 60;
        await BadTokenAsync("Expired");
    }

    [SkippableFact]
    public async Task IdToken_FromTheFuture_Refused()
    {
        Logins.IdToken = claims => claims["iat"] = Now + 3600;
        await BadTokenAsync("NotYetValid");
    }

    [SkippableFact]
    public async Task IdToken_ByAnotherKeyUnderTheSameName_Refused()
    {
        using var key = OidcKey.Create("first");
        Logins.IdTokenKey = key;
        await BadTokenAsync("BadSignature");
    }

    [SkippableFact]
    public async Task IdToken_ByAKeyOfItsOwn_Refused()
    {
        using var key = OidcKey.Create("mine");
        Logins.IdTokenKey = key;
        await BadTokenAsync("UnknownKey");
    }

    [SkippableTheory]
    [InlineData("logout+jwt")]
    [InlineData("at+jwt")]
    [InlineData("secevent+jwt")]
    public async Task IdToken_OfAnotherKind_Refused(string type)
    {
        Logins.IdTokenType = type;
        await BadTokenAsync("Malformed");
    }

    [SkippableFact]
    public async Task IdToken_Unsigned_Refused()
    {
        Logins.Answer = answer => answer["id_token"] = $"{Encode("""{"alg":"none","kid":"first"}""")}.{((string)answer["id_token"]!).Split('.')[1]}.AAAA";
        await BadTokenAsync("AlgorithmNotAllowed");
    }

    [SkippableFact]
    public async Task IdToken_Hs256WithThePublicKeyOrTheClientsSecret_Refused()
    {
        foreach (var secret in new[] { _login.Issuer.Keys[0].PublicKey.ToJson(), OidcLogins.ClientSecret })
        {
            Logins.Answer = answer =>
            {
                var input = $"{Encode("""{"alg":"HS256","kid":"first"}""")}.{((string)answer["id_token"]!).Split('.')[1]}";
                answer["id_token"] = $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(input)))}";
            };
            await BadTokenAsync("AlgorithmNotAllowed");
        }
    }

    [SkippableFact]
    public async Task IdToken_TheAccessTokenInItsPlace_Refused()
    {
        Logins.Answer = answer => answer["id_token"] = (string)answer["access_token"]!;
        await BadTokenAsync("BadAudience");
    }

    [SkippableFact]
    public async Task IdToken_Missing_Refused()
    {
        Logins.Answer = answer => answer.Remove("id_token");
        await BadTokenAsync("Malformed");
    }

    [SkippableFact]
    public async Task IdToken_RightHashOfTheAccessToken_Accepted()
    {
        Logins.Answer = answer =>
        {
            var claims = JsonNode.Parse(Base64Url.DecodeFromChars(((string)answer["id_token"]!).Split('.')[1]))!.AsObject();
            claims["at_hash"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes((string)answer["access_token"]!)).AsSpan(0, 16));
            answer["id_token"] = Jwt.Sign(claims, _login.Issuer.Keys[0]);
        };
        using var browser = new Browser();

        (await _login.SignInAsync(browser))["name"].ShouldBe("ann");
    }

    [SkippableTheory]
    [InlineData("iss", "https://other.example/realms/cdm")]
    [InlineData("typ", "ID")]
    [InlineData("sub", "somebody-else")]
    public async Task AccessToken_NotThisPersonsOrNotOne_Refused(string claim, string value)
    {
        Logins.AccessToken = claims => claims[claim] = value;
        await BadTokenAsync("");
    }

    [SkippableFact]
    public async Task AccessToken_ForAnotherApi_OpensNothing()
    {
        Logins.AccessToken = claims => claims["aud"] = "another-api";
        using var browser = new Browser();

        await RefusedAsync(browser, Logins.Answered(await _login.BeginAsync(browser)), HttpStatusCode.Forbidden, "NoRole");
    }

    [SkippableFact]
    public async Task AccessToken_RolesInAnotherClaim_AreNone()
    {
        Logins.AccessToken = claims =>
        {
            claims.Remove("realm_access");
            claims["roles"] = new JsonArray("cdm-admin");
            claims["resource_access"] = new JsonObject { ["iot-portal"] = new JsonObject { ["roles"] = new JsonArray("cdm-admin") } };
        };
        using var browser = new Browser();

        await RefusedAsync(browser, Logins.Answered(await _login.BeginAsync(browser)), HttpStatusCode.Forbidden, "NoRole");
    }

    [SkippableTheory]
    [InlineData("https://evil.example/auth", "token_endpoint")]
    [InlineData("https://evil.example/auth", "authorization_endpoint")]
    [InlineData("javascript:alert(1)", "authorization_endpoint")]
    [InlineData("https://evil.example/auth", "end_session_endpoint")]
    public async Task Discovery_LeadsElsewhere_IsNotFollowed(string url, string member)
    {
        var discovery = _login.Issuer.DiscoveryJson();
        discovery[member] = url;
        _login.Issuer.Discovery = context => context.Response.WriteAsync(discovery.ToJsonString());
        using var browser = new Browser();

        (await browser.GetAsync(new Uri(_login.Portal.Url, "portal/oidc/login"), stopAt: "https://evil")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [SkippableTheory]
    [InlineData("/portal?page=2", "/portal?page=2")]
    [InlineData("/portal", "/portal")]
    [InlineData("//evil.example", "/portal")]
    [InlineData("/\\evil.example", "/portal")]
    [InlineData("https://evil.example/portal", "/portal")]
    [InlineData("/portal//evil.example", "/portal")]
    [InlineData("/portal/\\evil.example", "/portal")]
    [InlineData("/portal@evil.example", "/portal")]
    [InlineData("/portalevil", "/portal")]
    [InlineData("/portal\r\nSet-Cookie: a=b", "/portal")]
    [InlineData("javascript:alert(1)", "/portal")]
    [InlineData("", "/portal")]
    public async Task OpenRedirect_ReturnPath_StaysOnThePortal(string wanted, string expected)
    {
        using var browser = new Browser();
        var answer = _login.Logins.Answered(await _login.BeginAsync(browser, wanted));

        (await browser.GetAsync(answer)).Url.ShouldBe(new Uri(_login.Portal.Url, expected));
    }

    [SkippableFact]
    public async Task LongestReturnPath_ComesBack()
    {
        using var browser = new Browser();
        var longest = "/portal?" + new string('a', 504);
        var answer = _login.Logins.Answered(await _login.BeginAsync(browser, longest));

        (await browser.GetAsync(answer)).Url.PathAndQuery.ShouldBe(longest);
        answer.Query.Length.ShouldBeLessThan(1900); // an answer's parameter may have 2048
    }

    /// <summary>What another window began before is forgotten: a browser's login cookies can't pile up.</summary>
    [SkippableFact]
    public async Task Begin_Again_LeavesOneLoginsCookies()
    {
        using var browser = new Browser();
        var first = Logins.Answered(await _login.BeginAsync(browser));
        var count = browser.Cookies.Count;
        var second = Logins.Answered(await _login.BeginAsync(browser));

        browser.Cookies.Count.ShouldBe(count);
        await RefusedAsync(browser, first, HttpStatusCode.BadRequest, "AnotherAttempt");
        await RefusedAsync(browser, second, HttpStatusCode.BadRequest, "NoAttempt");
    }

    [SkippableTheory]
    [InlineData("&id_token=eyJ.e30.x")]
    [InlineData("&access_token=x")]
    public async Task TokenInTheAnswer_Refused(string more)
    {
        using var browser = new Browser();
        var answer = new Uri(Logins.Answered(await _login.BeginAsync(browser)).AbsoluteUri + more);

        await RefusedAsync(browser, answer, HttpStatusCode.BadRequest, "Malformed");
        Logins.Redeemed.ShouldBe(0);
    }

    [SkippableFact]
    public async Task Callback_ByPost_IsNotAnswered()
    {
        using var browser = new Browser();
        var answer = Logins.Answered(await _login.BeginAsync(browser));
        var fields = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(answer.Query).ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal);

        (await browser.PostAsync(_login.Portal.Callback, fields)).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
        Logins.Redeemed.ShouldBe(0);
    }

    /// <summary>Name and e-mail address are what the other server says: whoever has an account there could claim anybody's here. They lead to nobody's account, and make none.</summary>
    [SkippableFact]
    public async Task Attack_LoginThatClaimsAnAccountsNameAndEMail_IsSomebodyElse()
    {
        const string Claimed = "root@example.com";
        await _login.App.Accounts.CreateAsync(Claimed, TestApp.Password, [Roles.Admin], default);
        var account = await AccountAsync();
        Logins.IdToken = Claim;
        Logins.AccessToken = token =>
        {
            Claim(token);
            token["realm_access"] = new JsonObject { ["roles"] = new JsonArray("cdm-viewer") };
        };
        using var browser = new Browser();

        var page = await _login.SignInAsync(browser);

        page["way"].ShouldBe("at the identity provider");
        page["roles"].ShouldBe("cdm-viewer", "what the login grants, not what the account has");
        (await browser.GetAsync(new Uri(_login.Portal.Url, "portal/account"))).Url.ShouldNotBe(new Uri(_login.Portal.Url, "portal/account"), "it has no account page here");
        (await browser.GetAsync(new Uri(_login.Portal.Url, "portal/accounts"))).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await AccountAsync()).ShouldBe(account, "not linked, not changed");
        (await _login.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.sessions s JOIN accounts.accounts a ON a.id = s.account WHERE a.username = $1", Claimed)).ShouldBe(0);
        (await _login.App.Database.ScalarAsync<string>("SELECT actor FROM audit.entries WHERE action = 'login.succeeded' ORDER BY sequence DESC LIMIT 1")).ShouldBe("oidc:" + Claimed);

        void Claim(JsonObject token) => (token["preferred_username"], token["email"], token["email_verified"]) = (Claimed, Claimed, true);
        Task<string?> AccountAsync() => _login.App.Database.ScalarAsync<string>("SELECT string_agg(a::text, ';' ORDER BY id) FROM accounts.accounts a");
    }

    private async Task BadTokenAsync(string error)
    {
        using var browser = new Browser();
        var page = await RefusedAsync(browser, Logins.Answered(await _login.BeginAsync(browser)), HttpStatusCode.Forbidden, "BadToken");
        page.Text.ShouldContain("can't be accepted");
        _login.Log.ShouldContain($"BadToken: {error}");
    }

    private async Task<BrowserPage> RefusedAsync(Browser browser, Uri answer, HttpStatusCode status, string problem)
    {
        var page = await browser.GetAsync(answer);
        page.Status.ShouldBe(status, page.Text);
        browser.Cookies.Keys.ShouldNotContain(c => c.Name == PortalApp.SessionCookie);
        (await _login.Portal.NameAsync(browser)).ShouldBeNull();
        _login.Log.Split('\n').Count(line => line.Contains("came to nothing: " + problem, StringComparison.Ordinal)).ShouldBeGreaterThan(0, _login.Log);
        return page;
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public sealed class Fixture : IAsyncLifetime
    {
        internal LoginFixture Login { get; private set; } = null!;

        public async Task InitializeAsync() => Login = await LoginFixture.StartAsync();

        public async Task DisposeAsync() => await Login.DisposeAsync();
    }
}
