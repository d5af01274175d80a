using System.Diagnostics;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using IoTPlatform.Contracts.Tenants;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>Every page: axe finds nothing in either colour, nothing is cut off on a phone, no policy of the page is broken, and it is there at once.</summary>
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
        await page.FocusAsync("#confirm-typed");
        await page.Keyboard.TypeAsync("seen");
        await inspection.OperableAsync("a dialog that can be confirmed");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".mud-dialog")).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.PressAsync("ArrowUp");
        await Assertions.Expect(page.Locator("#palette-list [aria-selected=true]")).ToBeInViewportAsync();
        await inspection.OperableAsync("the palette");

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
        await using var context = await browser.OpenAsync();
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
