using System.Net;
using System.Text;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>What a cookie of the portal's is good for, and what not.</summary>
public sealed class CookieTests : IAsyncLifetime
{
    private static readonly (string, string, string) Session = ("localhost", "/", PortalApp.SessionCookie);
    private readonly Browser _browser = new();
    private LoginFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await LoginFixture.StartAsync();

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _fixture.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData("GET", "portal/audit")]
    [InlineData("POST", "portal/admin/accounts")]
    public async Task Api_WithThePortalsCookieOnly_IsUnauthenticated(string method, string path)
    {
        (await _fixture.SignInAsync(_browser))["roles"].ShouldBe("cdm-admin");

        (await StatusAsync(method, path)).ShouldBe(401);
    }

    [SkippableFact]
    public async Task Api_OfThisHost_KnowsNoPolicyThatTakesTheCookie()
    {
        foreach (var endpoint in _fixture.App.Endpoints)
        {
            foreach (var data in endpoint.Metadata.OfType<Microsoft.AspNetCore.Authorization.IAuthorizeData>())
            {
                (data.AuthenticationSchemes ?? "").ShouldNotContain("Portal", customMessage: endpoint.DisplayName);
            }
        }

        await _fixture.SignInAsync(_browser);
        foreach (var endpoint in _fixture.App.Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>().Where(e => e.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is null))
        {
            var method = endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()?.HttpMethods[0] ?? "GET";
            (await StatusAsync(method, endpoint.RoutePattern.RawText!.TrimStart('/').Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal))).ShouldBe(401, endpoint.DisplayName);
        }
    }

    [SkippableFact]
    public async Task Tampered_AnyCharacter_IsUnauthenticated()
    {
        await _fixture.SignInAsync(_browser);
        var good = _browser.Cookies[Session];
        foreach (var at in new[] { 0, 1, 10, good.Length / 2, good.Length - 2 })
        {
            _browser.Cookies[Session] = good[..at] + (good[at] == 'A' ? 'B' : 'A') + good[(at + 1)..];
            (await _fixture.Portal.NameAsync(_browser)).ShouldBeNull();
        }

        foreach (var bad in new[] { "x", good[..^1], good + "AAAA", new string('A', 6000), "chunks-2", "%00" })
        {
            _browser.Cookies[Session] = bad;
            var page = await _browser.GetAsync(_fixture.Portal.Home);
            page.Status.ShouldBe(HttpStatusCode.OK, bad[..Math.Min(20, bad.Length)]);
            page["name"].ShouldBeNull();
        }

        _browser.Cookies[Session] = good;
        (await _fixture.Portal.NameAsync(_browser)).ShouldBe("ann");
    }

    [SkippableFact]
    public async Task LoginsCookie_IsNoSession_AndTheOtherWayRound()
    {
        await _fixture.SignInAsync(_browser);
        var session = _browser.Cookies[Session];
        using var other = new Browser();
        var answer = _fixture.Logins.Answered(await _fixture.BeginAsync(other));
        var logins = other.Cookies.Keys.Where(c => c.Name.StartsWith(PortalApp.LoginCookie, StringComparison.Ordinal)).ToList();
        using var confused = new Browser();
        var state = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(answer.Query)["state"].ToString();
        foreach (var secret in logins.Select(c => c.Name.Split('-')[^1]).Concat(logins.Select(c => other.Cookies[c])).Append(state))
        {
            confused.Cookies[Session] = secret;
            (await _fixture.Portal.NameAsync(confused)).ShouldBeNull();
        }

        logins.ForEach(login => other.Cookies[login] = session);
        (await other.GetAsync(answer)).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Fixation_PlantedSession_NeverBecomesTheVictims()
    {
        using var attacker = new Browser();
        _fixture.Logins.AccessToken = c => c["preferred_username"] = "mallory";
        await _fixture.SignInAsync(attacker);
        PortalApp.Take(attacker, _browser, PortalApp.SessionCookie);
        var planted = _browser.Cookies[Session];
        _fixture.Logins.AccessToken = null;

        (await _fixture.SignInAsync(_browser))["name"].ShouldBe("ann");

        _browser.Cookies[Session].ShouldNotBe(planted);
        (await _fixture.Portal.NameAsync(attacker)).ShouldBeNull();
    }

    [SkippableFact]
    public async Task SignOut_WithoutTheFormsToken_ChangesNothing()
    {
        await _fixture.SignInAsync(_browser);

        (await _browser.PostAsync(new Uri(_fixture.Portal.Url, "portal/sign-out"), new Dictionary<string, string>())).Status.ShouldBe(HttpStatusCode.BadRequest);

        (await _fixture.Portal.NameAsync(_browser)).ShouldBe("ann");
    }

    [SkippableFact]
    public async Task SignOut_WithAnotherSessionsForm_ChangesNothing()
    {
        using var attacker = new Browser();
        var form = (await _fixture.SignInAsync(attacker)).Form("sign-out");
        await _fixture.SignInAsync(_browser);

        (await _browser.PostAsync(form.Action, form.Fields)).Status.ShouldBe(HttpStatusCode.BadRequest);

        // Nor together with that form's cookie, which a neighbouring host could have planted.
        PortalApp.Take(attacker, _browser, "__Host-iot-test-form");
        (await _browser.PostAsync(form.Action, form.Fields)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await _fixture.Portal.NameAsync(_browser)).ShouldBe("ann");
    }

    [SkippableFact]
    public async Task SignOut_ByALink_IsNotPossible()
    {
        await _fixture.SignInAsync(_browser);

        (await StatusAsync("GET", "portal/sign-out")).ShouldBe(405);
    }

    private async Task<int> StatusAsync(string method, string path)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_fixture.Portal.Url, path));
        request.Headers.Add("Cookie", _browser.CookiesFor(_fixture.Portal.Home));
        request.Content = method == "GET" ? null : new StringContent("{}", Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
