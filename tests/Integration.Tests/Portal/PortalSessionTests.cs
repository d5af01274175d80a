using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.Identity;
using IoTPlatform.Stacks;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A page and its session: what a role may do by the wire, and what becomes of a page whose session ends.</summary>
public sealed class PortalSessionTests(PortalBrowser browser) : IClassFixture<PortalBrowser>
{
    [SkippableFact]
    public async Task Session_EndedElsewhere_LeadsAnOpenPageToTheSignIn_WithinFiveSeconds()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants");

        var clock = Stopwatch.StartNew();
        await browser.Provider.Database.ExecuteAsync("DELETE FROM accounts.sessions");
        await Assertions.Expect(page.Locator("#password")).ToBeVisibleAsync(new() { Timeout = 8_000 });

        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        new Uri(page.Url).Query.ShouldContain("return_path");
        await page.FillAsync("#username", "admin");
        await page.FillAsync("#password", ProviderStack.AdminPassword);
        await page.ClickAsync("form:has(#password) button");
        await page.WaitForURLAsync("**/portal/ui/tenants");

        // Longer than the page's end waits for its browser to go.
        await Task.Delay(TimeSpan.FromSeconds(6));
        browser.Provider.Process.Lines.Where(line => line.Contains("SessionEndedException", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>What was typed is put back for who typed it, and for nobody else; a secret is not kept at all.</summary>
    [SkippableFact]
    public async Task Session_EndedInTheMiddleOfAForm_ComesBackWithIt_ForItsOwnPersonAlone()
    {
        var other = await browser.AddAccountAsync(Roles.Admin);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/prepare");
        await FillAsync();
        await EndAsync();
        await SignInAsync("admin", ProviderStack.AdminPassword);
        await Assertions.Expect(page.Locator("#tenant-id")).ToHaveValueAsync("half-way");
        await Assertions.Expect(page.Locator("#display-name")).ToHaveValueAsync("Half Way Water");
        await Assertions.Expect(page.Locator("#plan")).ToHaveValueAsync("large");

        await EndAsync();
        (await StoredAsync()).ShouldContain("Half Way Water");
        await SignInAsync(other, PortalBrowser.Password);
        await Assertions.Expect(page.Locator("#tenant-id")).ToHaveValueAsync("");
        await Assertions.Expect(page.Locator("#display-name")).ToHaveValueAsync("");
        (await StoredAsync()).ShouldNotContain("Half Way Water");

        await page.GotoAsync(browser.At("portal/ui/ca/provisioner").AbsoluteUri);
        await PortalBrowser.LiveAsync(page);
        await page.FillAsync("#definition", """{"type":"ACME","name":"hooked","options":{"webhooks":[{"name":"a","url":"https://hook.example","secret":"c2VjcmV0"}]}}""");
        await EndAsync();
        (await StoredAsync()).ShouldNotContain("c2VjcmV0");

        async Task FillAsync()
        {
            await page.FillAsync("#tenant-id", "half-way");
            await page.FillAsync("#display-name", "Half Way Water");
            await page.SelectOptionAsync("#plan", "large");
        }

        async Task EndAsync()
        {
            await browser.Provider.Database.ExecuteAsync("DELETE FROM accounts.sessions");
            await Assertions.Expect(page.Locator("#password")).ToBeVisibleAsync(new() { Timeout = 10_000 });
        }

        async Task SignInAsync(string user, string password)
        {
            await page.FillAsync("#username", user);
            await page.FillAsync("#password", password);
            await page.ClickAsync("form:has(#password) button");
            await page.WaitForURLAsync("**/portal/ui/prepare");
            await PortalBrowser.LiveAsync(page);
        }

        Task<string> StoredAsync() => page.EvaluateAsync<string>("JSON.stringify(sessionStorage)");
    }

    [SkippableFact]
    public async Task Role_TakenAway_UnderAnOpenPage_ActsNoMore()
    {
        await browser.Provider.PrepareAsync("guarded");
        var name = await browser.AddAccountAsync(Roles.Admin);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/guarded", name, PortalBrowser.Password);
        await page.ClickAsync("text=Suspend");
        await page.FillAsync("#confirm-reason", "as an administrator");

        await browser.Provider.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = '{cdm-viewer}' WHERE username = $1", name);
        var clicked = await page.Locator(".mud-dialog button:has-text('Suspend')").ClickAsync(new() { Timeout = 1_000 }).ContinueWith(click => click.IsCompletedSuccessfully);
        await Assertions.Expect(page.Locator("button:has-text('Suspend')")).ToHaveCountAsync(0, new() { Timeout = 6_000 });

        clicked.ShouldBeTrue();
        (await browser.Provider.Database.ScalarAsync<bool>("SELECT suspended_at IS NULL FROM provider.tenants WHERE tenant_id = 'guarded'")).ShouldBeTrue();
        await Assertions.Expect(page.Locator("#roles")).ToHaveTextAsync(Roles.Viewer);
    }

    [SkippableFact]
    public async Task TwoAdministrators_AtOneTenant_TheSecondIsToldWhatChanged_AndDoesNothing()
    {
        await browser.Provider.PrepareAsync("shared");
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/shared");
        await page.ClickAsync("text=Remove");
        await page.FillAsync("#confirm-typed", "shared");

        using (var other = await browser.Provider.AdminAsync())
        {
            await other.SuspendTenantAsync("shared", "an invoice is open");
        }

        await page.ClickAsync(".mud-dialog button:has-text('Remove')");
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("Nothing was done: shared has changed since you were asked: suspended, by operator:");

        (await browser.Provider.Database.ScalarAsync<string>("SELECT status FROM provider.tenants WHERE tenant_id = 'shared'")).ShouldBe("prepared");
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("suspended");
        await page.ClickAsync("text=Remove");
        await page.FillAsync("#confirm-typed", "shared");
        await page.ClickAsync(".mud-dialog button:has-text('Remove')");
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("was removed on", new() { Timeout = 30_000 });
    }

    /// <summary>Headless, each tab is at the front of a window of its own: the page is told what a browser tells it.</summary>
    [SkippableFact]
    public async Task Tab_BehindOthers_IsNotLoadedByItself_AndShowsWhatIsNowWhenItIsTurnedTo()
    {
        await using var context = await browser.OpenAsync();
        var shown = await browser.SignInAsync(context, "portal/ui/audit?subject=tabs");
        var behind = await context.NewPageAsync();
        await behind.GotoAsync(browser.At("portal/ui/audit?subject=tabs").AbsoluteUri);
        await PortalBrowser.LiveAsync(behind);
        await TurnAsync("hidden");

        for (var entries = 1; entries <= 3; entries++)
        {
            await browser.Provider.Database.ExecuteAsync("SELECT audit.append('test', 'test.happened', 'tabs', '{}')");
            await Assertions.Expect(shown.Locator("tbody tr")).ToHaveCountAsync(entries);
        }

        (await behind.Locator("tbody tr").CountAsync()).ShouldBe(0);
        await TurnAsync("visible");
        await Assertions.Expect(behind.Locator("tbody tr")).ToHaveCountAsync(3);
        await browser.Provider.Database.ExecuteAsync("SELECT audit.append('test', 'test.happened', 'tabs', '{}')");
        await Assertions.Expect(behind.Locator("tbody tr")).ToHaveCountAsync(4);

        Task TurnAsync(string state) => behind.EvaluateAsync(
            "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }", state);
    }

    [SkippableFact]
    public async Task Session_OfAnother_EndedByAnAdministrator_LeadsItsPagesToTheSignIn()
    {
        var name = await browser.AddAccountAsync(Roles.Viewer);
        await using var theirs = await browser.OpenAsync();
        var open = await browser.SignInAsync(theirs, "portal/ui/tenants", name, PortalBrowser.Password);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/identity");

        await page.ClickAsync($"[aria-label='End it: the session of {name}'] >> nth=0");
        await page.ClickAsync(".mud-dialog button:has-text('End it')");

        await Assertions.Expect(open.Locator("#password")).ToBeVisibleAsync(new() { Timeout = 8_000 });
        (await browser.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'session.ended' AND subject = $1 AND actor = 'admin'", name)).ShouldBe(1);
    }

    /// <summary>The pages by their address, and the API with the page's cookie. A click of one whose role was taken away meanwhile is in another test.</summary>
    [SkippableFact]
    public async Task Viewer_TriesAnAdministratorsOperations_ByTheWire_ChangesNothing()
    {
        await browser.Provider.PrepareAsync("watched");
        var name = await browser.AddAccountAsync(Roles.Viewer);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/watched", name, PortalBrowser.Password);
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("watched");
        await Assertions.Expect(page.Locator("button:has-text('Suspend'), button:has-text('Remove'), button:has-text('New JOIN key'), a:has-text('Audit log')")).ToHaveCountAsync(0);
        var before = await browser.Provider.Database.ScalarAsync<long>("SELECT max(sequence) FROM audit.entries");

        foreach (var (method, path) in new[] { ("POST", "suspend"), ("POST", "join-key"), ("DELETE", "join-key"), ("DELETE", ""), ("POST", "plan"), ("POST", "broker/repair") })
        {
            var status = await page.EvaluateAsync<int>(
                "async ([method, path]) => (await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: method === 'POST' ? '{\"reason\":\"x\",\"plan\":\"large\"}' : undefined })).status",
                new[] { method, $"/portal/admin/tenants/watched/{path}".TrimEnd('/') });
            status.ShouldBe((int)HttpStatusCode.Unauthorized, $"{method} {path}");
        }

        (await page.EvaluateAsync<int>("async () => (await fetch('/portal/ui/audit/export')).status")).ShouldBe((int)HttpStatusCode.Forbidden);
        await page.GotoAsync(browser.At("portal/ui/audit").AbsoluteUri);
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Your role does not see the audit log");
        await page.GotoAsync(browser.At("portal/ui/prepare").AbsoluteUri);
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Your role does not prepare tenants");
        (await browser.Provider.Database.ScalarAsync<long>("SELECT max(sequence) FROM audit.entries")).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Connection_WithoutASession_OrFromAnotherSite_IsRefused()
    {
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true, AllowAutoRedirect = false };
        using var http = new HttpClient(handler);

        (await http.PostAsync(browser.At("_blazor/negotiate?negotiateVersion=1"), null)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var page = await http.GetAsync(browser.At("portal/ui/tenants?text=a"));
        page.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        page.Headers.Location!.OriginalString.ShouldBe("/portal?return_path=%2Fportal%2Fui%2Ftenants%3Ftext%3Da");

        await using var context = await browser.OpenAsync();
        var signedIn = await browser.SignInAsync(context);
        var cookies = string.Join("; ", (await context.CookiesAsync()).Select(cookie => $"{cookie.Name}={cookie.Value}"));
        using var foreign = new HttpRequestMessage(HttpMethod.Post, browser.At("_blazor/negotiate?negotiateVersion=1"));
        foreign.Headers.Add("Cookie", cookies);
        foreign.Headers.Add("Origin", "https://evil.example");
        (await http.SendAsync(foreign)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>Far more than connections buffer, so that most of it is read after the role has gone.</summary>
    [SkippableFact]
    public async Task Export_RoleTakenAwayMeanwhile_IsBrokenOff()
    {
        await browser.Provider.Database.ExecuteAsync(
            """
            SELECT count(audit.append_many(array_fill('admin'::text, ARRAY[500]), array_fill('portal.filled'::text, ARRAY[500]), array_fill('full'::text, ARRAY[500]),
              array_fill('{"reason":"' || repeat('x', 500 + i % 2) || '"}', ARRAY[500]))) FROM generate_series(1, 200) i
            """);
        var name = await browser.AddAccountAsync(Roles.Admin);
        await using var context = await browser.OpenAsync();
        await browser.SignInAsync(context, "portal/ui/audit", name, PortalBrowser.Password);
        var cookies = string.Join("; ", (await context.CookiesAsync()).Select(cookie => $"{cookie.Name}={cookie.Value}"));
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true, AllowAutoRedirect = false };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, browser.At("portal/ui/audit/export"));
        request.Headers.Add("Cookie", cookies);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var body = await answer.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[4096]);

        await browser.Provider.Database.ExecuteAsync("UPDATE accounts.accounts SET roles = '{cdm-viewer}' WHERE username = $1", name);

        await Should.ThrowAsync<IOException>(() => body.CopyToAsync(Stream.Null));
    }

    [SkippableFact]
    public async Task Provider_RestartedUnderAnOpenPage_SaysSo_AndComesBackWithItsForm()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/prepare");
        await page.FillAsync("#tenant-id", "kept");
        await page.FillAsync("#display-name", "Kept while away");

        await browser.Provider.KillAsync();
        await Assertions.Expect(page.Locator("#components-reconnect-modal")).ToBeVisibleAsync();
        await browser.Provider.StartProcessAsync();

        await Assertions.Expect(page.Locator("#components-reconnect-modal")).ToBeHiddenAsync(new() { Timeout = 40_000 });
        await PortalBrowser.LiveAsync(page);
        await Assertions.Expect(page.Locator("#display-name")).ToHaveValueAsync("Kept while away");
        await page.ClickAsync("text=Prepare and show the key");
        await page.WaitForURLAsync("**/portal/ui/tenants/kept");
    }

    /// <summary>What was typed is a change of what was there then, and not of what another one has saved since.</summary>
    [SkippableFact]
    public async Task Form_OfWhatAnotherChangedWhileTheProviderWasAway_ComesBack_AndSaysSo()
    {
        const string Typed = """{"x509":{"deny":{"dns":["typed.example"]}}}""";
        await browser.Provider.Database.ExecuteAsync("""INSERT INTO ca.authority_policy (policy, written_at) VALUES ('{"x509":{"deny":{"dns":["first.example"]}}}', now())""");
        try
        {
            await browser.Provider.RestartAsync();
            await using var context = await browser.OpenAsync();
            var page = await browser.SignInAsync(context, "portal/ui/ca");
            await PortalBrowser.LiveAsync(page);
            await page.ClickAsync("a[href$='/ca/policy'] >> nth=0");
            await Assertions.Expect(page.Locator("textarea#policy")).ToHaveValueAsync(new Regex("first\\.example", RegexOptions.None, TimeSpan.FromSeconds(1)));
            await page.FillAsync("textarea#policy", Typed);

            await browser.Provider.KillAsync();
            await Assertions.Expect(page.Locator("#components-reconnect-modal")).ToBeVisibleAsync();
            await browser.Provider.Database.ExecuteAsync("""UPDATE ca.authority_policy SET policy = '{"x509":{"deny":{"dns":["second.example"]}}}', version = nextval('ca.versions')""");
            await browser.Provider.StartProcessAsync();

            await Assertions.Expect(page.Locator("#components-reconnect-modal")).ToBeHiddenAsync(new() { Timeout = 40_000 });
            await PortalBrowser.LiveAsync(page);
            await Assertions.Expect(page.Locator("textarea#policy")).ToHaveValueAsync(Typed);
            await Assertions.Expect(page.Locator("form [role=status]")).ToContainTextAsync("It was changed meanwhile");
        }
        finally
        {
            await browser.Provider.Database.ExecuteAsync("DELETE FROM ca.authority_policy");
        }
    }
}
