using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Identity;
using IoTPlatform.Testing;
using Microsoft.Playwright;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>Every page: axe finds nothing in either colour, nothing is cut off on a phone, and no policy of the page is broken.</summary>
public sealed class PageQualityTests(PortalBrowser browser) : IClassFixture<PortalBrowser>
{
    private static readonly string[] Paths = ["portal/ui", "portal/ui/tenants", "portal/ui/prepare", "portal/ui/tenants/seen", "portal/ui/certificates", "portal/ui/endpoints", "portal/ui/ca", "portal/ui/ca/provisioner", "portal/ui/ca/policy", "portal/ui/identity", "portal/ui/audit", "portal/ui/telemetry", "portal/ui/emergencies", "portal/ui/emergencies?kind=intermediate&target=now", "portal/account", "portal/accounts", "portal/signed-in"];

    [SkippableFact]
    public async Task Pages_AreAccessible_AndFit_AlsoAPhone_AndAt400Percent()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context);
        var inspection = new PageInspection(page);
        foreach (var path in Paths.Append(await CertificateAsync()))
        {
            await page.GotoAsync(browser.At(path).AbsoluteUri);
            await PortalBrowser.LiveAsync(page);
            await inspection.LookAsync(path);
        }

        inspection.ShouldHaveFoundNothing();
    }

    /// <summary>Before anyone has signed in: the sign-in, an invitation, and the step of the second factor.</summary>
    [SkippableFact]
    public async Task PagesOfTheSignIn_AreAccessible_AndFit()
    {
        using var admin = await browser.Provider.AdminAsync();
        var invitation = await admin.AddAccountAsync(new() { Username = "looked-at", Roles = [Roles.Viewer] });
        await using var context = await browser.OpenAsync();
        var page = await context.NewPageAsync();
        var inspection = new PageInspection(page);
        await page.GotoAsync(browser.At("portal").AbsoluteUri);
        await inspection.LookAsync("the sign-in");
        await page.GotoAsync(invitation.Url);
        await inspection.LookAsync("an invitation");
        await page.FillAsync("#password", PortalBrowser.Password);
        await page.FillAsync("#again", PortalBrowser.Password);
        await page.ClickAsync("text=Choose it");
        await inspection.LookAsync("a password chosen");

        await page.GotoAsync(browser.At("portal?return_path=/portal/account").AbsoluteUri);
        await SignInAsync();
        await page.FillAsync("#password", PortalBrowser.Password);
        await page.ClickAsync("form:has(#password) button");
        await page.ClickAsync("text=Add an authenticator app");
        await Assertions.Expect(page.Locator("#secret")).ToBeVisibleAsync();
        await inspection.LookAsync("adding an authenticator app");
        var app = new AuthenticatorApp(await page.Locator("#secret").TextContentAsync() ?? "");
        await page.FillAsync("#code", app.CodeAt(TimeProvider.System.GetUtcNow()));
        await page.ClickAsync("text=Use this app");
        await Assertions.Expect(page.Locator("#codes")).ToBeVisibleAsync();
        await inspection.LookAsync("recovery codes");

        await context.ClearCookiesAsync();
        await page.GotoAsync(browser.At("portal").AbsoluteUri);
        await SignInAsync();
        await Assertions.Expect(page.Locator("#code")).ToBeVisibleAsync();
        await inspection.LookAsync("the second factor");

        inspection.ShouldHaveFoundNothing();

        async Task SignInAsync()
        {
            await page.FillAsync("#username", "looked-at");
            await page.FillAsync("#password", PortalBrowser.Password);
            await page.ClickAsync("form:has(#password) button");
        }
    }

    /// <summary>WCAG 2.2, 1.4.10: a window of 1280 x 1024 at 400 %.</summary>
    [SkippableFact]
    public async Task Dialogs_AndMenus_At400Percent_CanBeOperated()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync(width: 320, height: 256);
        var page = await browser.SignInAsync(context, "portal/ui/tenants/seen");
        var inspection = new PageInspection(page);

        await page.ClickAsync("#account-menu summary");
        await inspection.OperableAsync("account menu");
        await page.Keyboard.PressAsync("Escape");
        await page.ClickAsync("text=Remove");
        await Assertions.Expect(page.Locator("#confirm-typed")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('.mud-dialog').getAnimations({ subtree: true }).every(a => a.playState !== 'running')");
        await inspection.OperableAsync("a dialog");
        await inspection.AccessibleAsync("a dialog");
        await page.FocusAsync("#confirm-typed");
        await page.Keyboard.TypeAsync("seen");
        await inspection.OperableAsync("a dialog that can be confirmed");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".mud-dialog")).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.PressAsync("ArrowUp");
        await Assertions.Expect(page.Locator("#palette-list [aria-selected=true]")).ToBeInViewportAsync();
        await inspection.OperableAsync("the palette");
        await page.Keyboard.PressAsync("Escape");
        await page.SetViewportSizeAsync(1280, 860);
        await page.ClickAsync(".head >> text=Suspend");
        await Assertions.Expect(page.Locator("#confirm-reason")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('.mud-dialog').getAnimations({ subtree: true }).every(a => a.playState !== 'running')");
        await inspection.AccessibleAsync("a dialog that asks for a reason");

        inspection.ShouldHaveFoundNothing();
    }

    /// <summary>The viewer's clock, not the server's: what ends is counted by the server's, whatever becomes of the other while the page is open.</summary>
    [SkippableTheory]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task Clock_OfTheViewer_AnHourOff_ChangesNoTime(int minutes)
    {
        await SeenAsync();
        await browser.Provider.Database.ExecuteAsync(
            "UPDATE provider.tenants SET created_at = now() - interval '30 minutes 5 seconds' WHERE tenant_id = 'seen'");
        await browser.Provider.Database.ExecuteAsync("UPDATE provider.join_keys SET expires_at = now() + interval '90 minutes' WHERE tenant_id = 'seen'");
        await using var context = await browser.OpenAsync(zone: "Asia/Tokyo");
        await context.AddInitScriptAsync(
            $$"""
            const Real = Date;
            globalThis.ahead = {{minutes}} * 60000;
            globalThis.Date = class extends Real {
              constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + ahead); }
              static now() { return Real.now() + ahead; }
            };
            """);
        var page = await browser.SignInAsync(context, "portal/ui/tenants/seen");
        var key = page.Locator("section:has(#join) .card-head time");
        var prepared = page.Locator("section:has(#facts) time").First;

        await Assertions.Expect(key).ToHaveTextAsync("in 1 h");
        await Assertions.Expect(prepared).ToHaveTextAsync("30 min ago");
        // The exact time, in the viewer's zone and language.
        var exact = DateTimeOffset.Parse((await prepared.GetAttributeAsync("datetime"))!, CultureInfo.InvariantCulture).ToOffset(TimeSpan.FromHours(9));
        await Assertions.Expect(prepared).ToHaveAttributeAsync("title", new Regex(exact.ToString("'^'dddd, MMMM d, yyyy 'at' h:mm:ss.tt 'GMT.9$'", CultureInfo.InvariantCulture), RegexOptions.None, TimeSpan.FromSeconds(1)));

        // It is put right while the page is open.
        await page.EvaluateAsync("ahead = 0");
        await browser.Provider.Database.ExecuteAsync("UPDATE provider.join_keys SET expires_at = now() + interval '90 seconds' WHERE tenant_id = 'seen'");
        await Assertions.Expect(key).ToHaveTextAsync(new Regex("^in (1 min|[1-5][0-9] s)$", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Assertions.Expect(prepared).ToHaveTextAsync("30 min ago");
        await browser.Provider.Database.ExecuteAsync("UPDATE provider.join_keys SET expires_at = now() + interval '7 days' WHERE tenant_id = 'seen'");
    }

    [SkippableFact]
    public async Task Pages_HaveTheirSecurityHeaders_AndNoInlineScript()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context);
        var answer = await page.GotoAsync(browser.At("portal/ui/tenants").AbsoluteUri);

        var headers = await answer!.AllHeadersAsync();
        headers["content-security-policy"].ShouldContain("script-src 'self';");
        headers["content-security-policy"].ShouldContain("frame-ancestors 'none'");
        headers["cache-control"].ShouldContain("no-store");
        headers["x-content-type-options"].ShouldBe("nosniff");
        (await answer.TextAsync()).ShouldNotMatch(@"<script(?![^>]*\ssrc=)(?![^>]*type=""(application/json|importmap)"")");
        (await page.EvaluateAsync<string>("document.cookie")).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Pages_WithoutJavaScript_CanBeRead()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync(javaScript: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync(browser.At("portal/ui/tenants?text=seen").AbsoluteUri);
        await page.FillAsync("#username", "admin");
        await page.FillAsync("#password", Stacks.ProviderStack.AdminPassword);
        await page.ClickAsync("form:has(#password) button");

        await Assertions.Expect(page.Locator("table")).ToContainTextAsync("seen");
        await page.ClickAsync("text=seen");
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("Seen");
        await page.ClickAsync("nav >> text=Certificates");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Certificates");
        await page.ClickAsync("nav >> text=Audit log");
        await Assertions.Expect(page.Locator("table")).ToContainTextAsync("login.succeeded");
        await page.ClickAsync("#account-menu summary");
        await page.ClickAsync("text=Sign out");
        await Assertions.Expect(page.Locator("#password")).ToBeVisibleAsync();
    }

    [SkippableTheory]
    [InlineData("script", "<script>alert(1)</script><img src=x onerror=alert(1)>")]
    [InlineData("rtl", "مياه أكمي שלום")]
    [InlineData("emoji", "👩🏽‍🚀🏳️‍🌈 Ünïcødé 水")]
    [InlineData("long", null)]
    public async Task Name_OfAnyKind_IsText(string id, string? name)
    {
        name ??= new string('W', 200);
        using var admin = await browser.Provider.AdminAsync();
        await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "name-" + id, DisplayName = name });
        await using var context = await browser.OpenAsync(width: 375);
        var page = await browser.SignInAsync(context, "portal/ui/tenants?text=name-" + id);
        page.Dialog += (_, _) => throw new InvalidOperationException("A script ran.");

        await Assertions.Expect(page.Locator("bdi").First).ToHaveTextAsync(name);
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue("the list");
        await page.ClickAsync($"text=name-{id}");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(name);
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue("the page");
    }

    [SkippableFact]
    public async Task TenThousandTenants_ArePagedAndFilteredInTheDatabase()
    {
        await browser.Provider.Database.ExecuteAsync(
            "INSERT INTO provider.tenants (tenant_id, display_name, status, created_at) SELECT 'many-' || lpad(i::text, 5, '0'), 'Customer ' || i, 'active', now() FROM generate_series(1, 10000) i");
        try
        {
            await using var context = await browser.OpenAsync();
            var page = await browser.SignInAsync(context, "portal/ui/tenants");
            var clock = Stopwatch.StartNew();
            await page.GotoAsync(browser.At("portal/ui/tenants?text=customer").AbsoluteUri);
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
            await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
            await Assertions.Expect(page.Locator(".sub")).ToContainTextAsync("10,000 tenants match");
            // A link, with a circuit or without one; not in the moment in between.
            await PortalBrowser.LiveAsync(page);
            await page.ClickAsync("text=Next page");
            await Assertions.Expect(page.Locator("tbody tr").First).ToContainTextAsync("many-00051");
            await page.GoBackAsync();
            await Assertions.Expect(page.Locator("tbody tr").First).ToContainTextAsync("many-00001");

            await PortalBrowser.LiveAsync(page);
            await page.Keyboard.PressAsync("/");
            await page.Keyboard.PressAsync("Control+A");
            await page.Keyboard.TypeAsync("Customer 1234");
            await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
            await Assertions.Expect(page.Locator("tbody tr")).ToContainTextAsync("many-01234");
            new Uri(page.Url).Query.ShouldContain("Customer");
        }
        finally
        {
            await browser.Provider.Database.ExecuteAsync("DELETE FROM provider.tenants WHERE tenant_id LIKE 'many-%'");
        }
    }

    /// <summary>What a device sent may be no number, no object, or nothing that PostgreSQL holds as text.</summary>
    [SkippableFact]
    public async Task Telemetry_OfADevice_IsDrawn_AndSurvivesOddMessages()
    {
        await SeenAsync();
        await browser.Provider.Database.TakesTelemetryAsync("provider");
        await browser.Provider.Database.ExecuteAsync(
            """
            INSERT INTO provider.telemetry (tenant_id, device_id, sent_at, identity, received_at, topic, payload)
            SELECT 'seen', 'pump-1', now() - i * interval '20 seconds', substring(sha256(i::text::bytea) FOR 16), now(), 'telemetry/pump-1',
              CASE i WHEN 7 THEN '{"odd":"\u0000"}' WHEN 8 THEN '[1,2]' WHEN 9 THEN '{"celsius":1e400,"note":"x"}' WHEN 10 THEN '"text"'
                ELSE format('{"celsius":%s,"rpm":%s}', 20 + 3 * sin(i / 9.0), 900 + i) END::json
            FROM generate_series(1, 60) i
            """);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/telemetry?tenant=seen&device=pump-1&range=1h");

        await Assertions.Expect(page.Locator("svg.chart")).ToHaveCountAsync(2);
        (await page.Locator("section[aria-label=celsius] path.line").GetAttributeAsync("d"))!.Count(c => c == 'L').ShouldBeGreaterThan(30);
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(20);
        await Assertions.Expect(page.Locator(".problems")).ToHaveTextAsync("");
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await Screenshots.TakeAsync(page, "telemetry");
    }

    /// <summary>A device's id has one character more than a tenant's may have: both at their limit find what was sent.</summary>
    [SkippableFact]
    public async Task Telemetry_OfIdsAtTheirLimits_IsFound_FromTheTenantsPage()
    {
        var (tenant, device) = (new string('t', 63), $"{new string('d', 32)}.{new string('e', 31)}");
        await browser.Provider.PrepareAsync(tenant);
        await browser.Provider.Database.ExecuteAsync(
            "INSERT INTO provider.telemetry (tenant_id, device_id, sent_at, identity, received_at, topic, payload) VALUES ($1, $2, now(), substring(sha256('long') FOR 16), now(), 'telemetry/' || $2, '{\"celsius\":21.5}')", tenant, device);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, $"portal/ui/tenants/{tenant}");
        await Assertions.Expect(page.Locator("section:has(#telemetry)")).ToContainTextAsync("{\"celsius\":21.5}");
        await TypeAsync("#command-device");
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator("section:has(#commands)")).ToContainTextAsync("No command was sent to it from here.");

        await page.GotoAsync(browser.At($"portal/ui/tenants?text={tenant}").AbsoluteUri);
        await page.ClickAsync($"[aria-label='Telemetry of {tenant}']");
        await page.WaitForURLAsync($"**/telemetry?tenant={tenant}");
        await TypeAsync("[name=device]");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**device=*");
        await Assertions.Expect(page.Locator("tbody tr")).ToContainTextAsync(device);
        await Assertions.Expect(page.Locator(".problems")).ToHaveTextAsync("");

        // The last one by its key: what is filled in by a script may be longer than the input takes.
        async Task TypeAsync(string input)
        {
            await page.FillAsync(input, device[..^1]);
            await page.Locator(input).PressSequentiallyAsync(device[^1..]);
            await Assertions.Expect(page.Locator(input)).ToHaveValueAsync(device);
        }
    }

    /// <summary>Every statement that touches tenants or sessions waits, as it does when the server's disk hangs.</summary>
    [SkippableFact]
    public async Task Database_ThatHangs_ThePageSaysSo_StaysAsItWas_AndComesBackByItself()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/seen");
        await page.FillAsync("#command-device", "half-typed");
        await using (var connection = await browser.Provider.Database.DataSource.OpenConnectionAsync())
        await using (var held = await connection.BeginTransactionAsync())
        {
            await using (var hold = new NpgsqlCommand("LOCK TABLE provider.tenants, accounts.sessions IN ACCESS EXCLUSIVE MODE", connection, held))
            {
                await hold.ExecuteNonQueryAsync();
            }

            await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("The database does not answer", new() { Timeout = 20_000 });
            await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Seen Waterworks");
            await Assertions.Expect(page.Locator("#command-device")).ToHaveValueAsync("half-typed");
            var answer = await context.APIRequest.GetAsync(browser.At("portal/ui/tenants").AbsoluteUri, new() { Timeout = 60_000 });
            answer.Status.ShouldBe((int)HttpStatusCode.ServiceUnavailable);
            await held.RollbackAsync();
        }

        await Assertions.Expect(page.Locator(".problems")).ToHaveTextAsync("", new() { Timeout = 40_000 });
        await Assertions.Expect(page.Locator("#command-device")).ToHaveValueAsync("half-typed");
        new Uri(page.Url).AbsolutePath.ShouldBe("/portal/ui/tenants/seen");
    }

    /// <summary>What a page has loaded comes back from the browser in one message when it connects.</summary>
    [SkippableFact]
    public async Task FullPages_GoLive()
    {
        await SeenAsync();
        await browser.Provider.Database.ExecuteAsync(
            """
            SELECT audit.append_many(array_fill('admin'::text, ARRAY[60]), array_fill('portal.filled'::text, ARRAY[60]), array_fill('full'::text, ARRAY[60]),
              array_fill('{"reason":"' || repeat('Ü', 300) || '"}', ARRAY[60]))
            """);
        await browser.Provider.Database.TakesTelemetryAsync("provider");
        await browser.Provider.Database.ExecuteAsync(
            """
            INSERT INTO provider.telemetry (tenant_id, device_id, sent_at, identity, received_at, topic, payload)
            SELECT 'seen', 'wide-1', now() - i * interval '15 seconds', substring(sha256(i::text::bytea) FOR 16), now(), 'telemetry/wide-1',
              format('{"a":%1$s.123456,"b":%1$s.234567,"c":%1$s.345678,"d":%1$s.456789,"e":%1$s.567891,"f":%1$s.678912,"g":%1$s.789123,"h":%1$s.891234,"note":"%2$s"}', i, repeat('x', 10000))::json
            FROM generate_series(1, 230) i
            """);
        await using var context = await browser.OpenAsync();

        var page = await browser.SignInAsync(context, "portal/ui/audit");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        await page.ClickAsync("text=Verify the chain");
        await Assertions.Expect(page.Locator(".verified")).ToContainTextAsync("are as they were written");

        await page.GotoAsync(browser.At("portal/ui/telemetry?tenant=seen&device=wide-1&range=1h").AbsoluteUri);
        await PortalBrowser.LiveAsync(page);
        await Assertions.Expect(page.Locator("svg.chart")).ToHaveCountAsync(8);
    }

    [SkippableFact]
    public async Task Palette_ByTheKeyboardAlone_GoesToAPage_AndSearches()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context);

        await page.Keyboard.PressAsync("Control+k");
        await Assertions.Expect(page.Locator("#palette-input")).ToBeFocusedAsync();
        (await page.RunAxe()).Violations.Select(violation => violation.Id).ShouldBeEmpty();
        await page.Keyboard.TypeAsync("cert");
        await Assertions.Expect(page.Locator("#palette-list [aria-selected=true]")).ToHaveTextAsync("Certificates");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/portal/ui/certificates");
        await PortalBrowser.LiveAsync(page);

        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync("seen <b>");
        await Assertions.Expect(page.Locator("#palette-list li")).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync("seen");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/portal/ui/tenants?text=seen");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await PortalBrowser.LiveAsync(page);
        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#palette")).ToBeHiddenAsync();
    }

    [SkippableFact]
    public async Task CaPage_HasTheRootToDownload_AndSaysWhereTheKeysAre()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/ca");

        await Assertions.Expect(page.Locator("#fingerprint")).ToHaveTextAsync(browser.Provider.Trust.Fingerprint);
        await Assertions.Expect(page.Locator("section:has(#keys)")).ToContainTextAsync("root_ca_key here");
        await Assertions.Expect(page.Locator("#provisioner-list")).ToContainTextAsync("JWK");
        var download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("text=Save root_ca.crt"));
        (await File.ReadAllTextAsync(await download.PathAsync())).ShouldStartWith("-----BEGIN CERTIFICATE-----");
        (await page.ContentAsync()).ShouldNotContain("PRIVATE KEY");
    }

    [SkippableFact]
    public async Task AccountMenu_OpenedBeforeThePageIsLive_StaysOpen()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context);
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await page.RouteAsync("**/_blazor/negotiate*", async route =>
        {
            await opened.Task;
            await route.ContinueAsync();
        });
        await page.ReloadAsync();
        await page.ClickAsync("#account-menu summary");

        opened.SetResult();
        await PortalBrowser.LiveAsync(page);

        await Assertions.Expect(page.Locator("#account-menu")).ToHaveAttributeAsync("open", "");
    }

    private async Task SeenAsync()
    {
        if (await browser.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.tenants WHERE tenant_id = 'seen'") == 0)
        {
            using var admin = await browser.Provider.AdminAsync();
            await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = "seen", DisplayName = "Seen Waterworks" });
        }
    }

    private async Task<string> CertificateAsync()
    {
        using var admin = await browser.Provider.AdminAsync();
        return $"portal/ui/certificates/{(await admin.ListCertificatesAsync(limit: 1)).Items[0].Serial}";
    }
}
