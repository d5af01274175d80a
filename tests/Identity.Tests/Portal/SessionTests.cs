using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>A session of the identity provider's from its first page to its end.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private static readonly TimeSpan RefreshIsDue = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan TokenHasEnded = TimeSpan.FromMinutes(5);
    private readonly Browser _browser = new();
    private LoginFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await LoginFixture.StartAsync();

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _fixture.DisposeAsync();
    }

    [SkippableFact]
    public async Task Refresh_BeforeTheTokenEnds_IsDoneOnceHoweverManyAsk()
    {
        await SignInAsync();
        _fixture.App.Time.Advance(RefreshIsDue - TimeSpan.FromSeconds(1));
        (await NameAsync()).ShouldBe("ann");
        _fixture.Logins.Refreshed.ShouldBe(0);
        _fixture.App.Time.Advance(TimeSpan.FromSeconds(1));

        var names = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var tab = new Browser();
            PortalApp.Take(_browser, tab, PortalApp.SessionCookie);
            return await _fixture.Portal.NameAsync(tab);
        }));

        names.ShouldAllBe(name => name == "ann");
        _fixture.Logins.Refreshed.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Refresh_CallerGoesAway_IsFinishedAllTheSame()
    {
        await SignInAsync();
        _fixture.App.Time.Advance(RefreshIsDue);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fixture.Logins.Endpoint = async context =>
        {
            asked.SetResult();
            await answer.Task;
            _fixture.Logins.Endpoint = null;
            await _fixture.Logins.TokenAsync(context);
        };
        using var impatient = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, UseCookies = false });
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, _fixture.Portal.Home) { Headers = { { "Cookie", _browser.CookiesFor(_fixture.Portal.Home) } } };
        var first = impatient.SendAsync(request, gone.Token);
        await asked.Task;

        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        answer.SetResult();

        (await NameAsync()).ShouldBe("ann");
        _fixture.App.Time.Advance(RefreshIsDue);
        (await NameAsync()).ShouldBe("ann");
    }

    [SkippableFact]
    public async Task Refresh_Refused_EndsTheSession()
    {
        await SignInAsync();
        _fixture.Logins.EndSessions();
        _fixture.App.Time.Advance(RefreshIsDue);

        (await NameAsync()).ShouldBeNull();

        _fixture.App.Log.Text.ShouldContain("the session of oidc:ann has ended: The identity provider refused: invalid_grant.");
        (await _fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.oidc_sessions")).ShouldBe(0);
        (await _fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'session.ended'")).ShouldBe(1);
        _browser.Cookies.Keys.ShouldNotContain(c => c.Name == PortalApp.SessionCookie);
    }

    [SkippableFact]
    public async Task Refresh_RolesHaveChanged_AreTheNewOnes()
    {
        await SignInAsync();
        _fixture.Roles("cdm-viewer");
        (await PageAsync())["roles"].ShouldBe("cdm-admin");
        _fixture.App.Time.Advance(RefreshIsDue);

        (await PageAsync())["roles"].ShouldBe("cdm-viewer");
    }

    [SkippableFact]
    public async Task Refresh_RolesAreGone_EndsTheSession()
    {
        await SignInAsync();
        _fixture.Roles();
        _fixture.App.Time.Advance(RefreshIsDue);

        (await NameAsync()).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Refresh_BringsAnotherPersonsTokens_EndsTheSession()
    {
        await SignInAsync();
        _fixture.Logins.AccessToken = c => c["sub"] = "somebody-else";
        _fixture.App.Time.Advance(RefreshIsDue);

        (await NameAsync()).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Refresh_BringsAnotherPersonsIdToken_EndsTheSession()
    {
        await SignInAsync();
        _fixture.Logins.IdToken = c => c["sub"] = "somebody-else";
        _fixture.App.Time.Advance(RefreshIsDue);

        (await NameAsync()).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Refresh_BringsAnIdTokenOfAnotherAccessToken_EndsTheSession()
    {
        await SignInAsync();
        _fixture.Logins.IdToken = c => c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA";
        _fixture.App.Time.Advance(RefreshIsDue);

        (await NameAsync()).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Refresh_IdTokenStillHasTheLoginsNonce_GoesOn()
    {
        await SignInAsync();
        _fixture.Logins.IdToken = c => c["nonce"] = "of the login, as Keycloak keeps it";
        _fixture.App.Time.Advance(RefreshIsDue);

        (await NameAsync()).ShouldBe("ann");
        _fixture.Logins.Refreshed.ShouldBe(1);
    }

    /// <summary>Another process on the same database knows nothing of the refreshes that run here, but the lock.</summary>
    [SkippableFact]
    public async Task Refresh_InTwoProcesses_IsDoneOnce()
    {
        await SignInAsync();
        var token = _fixture.Portal.SessionOf(_browser);
        _fixture.App.Time.Advance(RefreshIsDue);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fixture.Logins.Endpoint = async context =>
        {
            asked.SetResult();
            await answer.Task;
            _fixture.Logins.Endpoint = null;
            await _fixture.Logins.TokenAsync(context);
        };

        var here = NameAsync();
        await asked.Task;
        var there = ActivatorUtilities.CreateInstance<OidcSessions>(_fixture.App.Services).FindAsync(token, default);
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        there.IsCompleted.ShouldBeFalse();
        answer.SetResult();

        (await here).ShouldBe("ann");
        (await there).ShouldNotBeNull().Name.ShouldBe("oidc:ann");
        _fixture.Logins.Refreshed.ShouldBe(2); // the test server counts the request that was held as two
    }

    [SkippableFact]
    public async Task Refresh_ProviderDown_GoesOnUntilTheTokenEnds_AndAgainWhenItIsBack()
    {
        await SignInAsync();
        await _fixture.Issuer.StopListeningAsync();
        _fixture.App.Time.Advance(RefreshIsDue);
        (await NameAsync()).ShouldBe("ann");

        _fixture.App.Time.Advance(TokenHasEnded - RefreshIsDue);
        var page = await PageAsync();
        page.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        page.Headers.RetryAfter.ShouldNotBeNull();
        page.Text.ShouldContain("identity provider cannot be asked");
        (await PageAsync()).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);

        await _fixture.Issuer.StartListeningAsync();
        _fixture.App.Time.Advance(TimeSpan.FromSeconds(10));
        (await NameAsync()).ShouldBe("ann");
    }

    [SkippableFact]
    public async Task NoRefreshToken_SessionEndsWithItsAccessToken()
    {
        _fixture.Logins.Answer = answer => answer.Remove("refresh_token");
        await SignInAsync();
        _fixture.App.Time.Advance(RefreshIsDue);
        (await NameAsync()).ShouldBe("ann");
        _fixture.App.Time.Advance(TokenHasEnded - RefreshIsDue);

        (await NameAsync()).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Lifetime_EightHours_HoweverOftenItWasRefreshed()
    {
        await SignInAsync();
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromHours(8) - TimeSpan.FromHours(1); passed += TimeSpan.FromHours(1))
        {
            _fixture.App.Time.Advance(TimeSpan.FromHours(1));
            (await NameAsync()).ShouldBe("ann");
        }

        var copy = _browser.Cookies[("localhost", "/", PortalApp.SessionCookie)];
        _fixture.App.Time.Advance(TimeSpan.FromHours(1));
        _browser.Cookies[("localhost", "/", PortalApp.SessionCookie)] = copy;

        (await NameAsync()).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Sessions_OfOnePerson_AreBounded()
    {
        for (var login = 0; login < 52; login++)
        {
            using var browser = new Browser();
            await _fixture.SignInAsync(browser);
            _fixture.App.Time.Advance(TimeSpan.FromSeconds(1));
        }

        (await _fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM accounts.oidc_sessions")).ShouldBe(50);
    }

    private Task<BrowserPage> PageAsync() => _browser.GetAsync(_fixture.Portal.Home);

    private Task<string?> NameAsync() => _fixture.Portal.NameAsync(_browser);

    private async Task SignInAsync() => (await _fixture.SignInAsync(_browser))["name"].ShouldBe("ann");
}
