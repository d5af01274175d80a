using System.Diagnostics;
using System.Net;
using Deque.AxeCore.Playwright;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Stacks;
using Microsoft.Playwright;
using Npgsql;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>Every page of the tenant's portal, for everyone and with everything in it.</summary>
[Collection(TenantPortalTests.Name)]
public sealed class TenantPageTests(TenantBrowser browser)
{
    private static readonly string[] Paths =
        ["portal/ui", "portal/ui/devices", "portal/ui/devices?state=never_seen", "portal/ui/devices/seen-1?range=1h", "portal/ui/enrolment", "portal/ui/provider", "portal/ui/certificates", "portal/ui/endpoints", "portal/ui/ca", "portal/ui/ca/provisioner", "portal/ui/ca/policy", "portal/ui/identity", "portal/ui/audit", "portal/ui/emergencies", "portal/account", "portal/accounts"];

    [SkippableFact]
    public async Task Pages_AreAccessible_AndFit_AlsoAPhone_AndAt400Percent()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context);
        var inspection = new PageInspection(page);
        using var admin = await browser.AdminAsync();
        foreach (var path in Paths.Append($"portal/ui/certificates/{(await admin.ListCertificatesAsync(limit: 1)).Items[0].Serial}"))
        {
            await page.GotoAsync(browser.At(path).AbsoluteUri);
            await PortalBrowser.LiveAsync(page);
            if (path.EndsWith("devices", StringComparison.Ordinal))
            {
                await page.CheckAsync("[aria-label='Choose seen-1']");
            }
            else if (path.EndsWith("enrolment", StringComparison.Ordinal))
            {
                await page.FillAsync("#device-id", "looked-at");
                await page.ClickAsync("text=Make it and show it");
                await page.ClickAsync("text=With curl and OpenSSL");
            }

            await inspection.LookAsync(path);
        }

        inspection.ShouldHaveFoundNothing();
    }

    [SkippableFact]
    public async Task Pages_WithoutJavaScript_CanBeRead_AndFiltered()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync(javaScript: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync(browser.At("portal/ui/devices?text=seen-1").AbsoluteUri);
        await page.FillAsync("#username", "admin");
        await page.FillAsync("#password", TenantStack.AdminPassword);
        await page.ClickAsync("form:has(#password) button");

        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await page.FillAsync("input[type=search]", "seen-2");
        await page.ClickAsync("button:has-text('Search')");
        await Assertions.Expect(page.Locator("tbody tr")).ToContainTextAsync("seen-2");
        await page.ClickAsync("tbody a");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("seen-2");
        await page.ClickAsync("nav >> text=Provider");
        await Assertions.Expect(page.Locator(".steps li.done")).ToHaveCountAsync(12);
        await Assertions.Expect(page.Locator("section:has(#bridge)")).ToContainTextAsync("telemetry up to");
        await page.ClickAsync("nav >> text=Certificates");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Certificates");
    }

    [SkippableTheory]
    [InlineData("script", "<script>alert(1)</script><img src=x onerror=alert(1)>")]
    [InlineData("rtl", "مياه أكמי שלום")]
    [InlineData("emoji", "👩🏽‍🚀🏳️‍🌈 Ünïcødé 水")]
    [InlineData("long", null)]
    public async Task Name_OfAnyKind_IsText(string id, string? name)
    {
        // As many letters as a name may have.
        name ??= new string('W', 128);
        await browser.AddDeviceAsync("name-" + id, name, name[..Math.Min(name.Length, 64)]);
        await browser.AddDeviceAsync(string.Join('.', Enumerable.Repeat(new string('w', 15), 4)));
        await using var context = await browser.OpenAsync(width: 375);
        var page = await browser.SignInAsync(context, "portal/ui/devices");
        page.Dialog += (_, _) => throw new InvalidOperationException("A script ran.");
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue("the list");

        await page.GotoAsync(browser.At("portal/ui/devices?text=name-" + id).AbsoluteUri);
        await Assertions.Expect(page.Locator("td[data-label=Device] bdi")).ToHaveTextAsync(name);
        await Chromium.LiveAsync(page);
        await page.ClickAsync("td[data-label=Device] a");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(name);
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue("the page");
    }

    [SkippableFact]
    public async Task HundredThousandDevices_ArePagedAndFilteredInTheDatabase()
    {
        await browser.Tenant.Database.ExecuteAsync(
            """
            INSERT INTO tenant.devices (device_id, device_name, device_type, status, enrolled_at, enrolled_by, not_after, revoked_at)
            SELECT 'many-' || lpad(i::text, 6, '0'), 'Meter ' || i, 'type-' || i % 20, CASE WHEN i % 100 = 0 THEN 'revoked' ELSE 'enrolled' END, now(), 'token:many', now() + interval '1 day', CASE WHEN i % 100 = 0 THEN now() END
            FROM generate_series(1, 100000) i
            """);
        await browser.Tenant.Database.ExecuteAsync(
            """
            INSERT INTO tenant.device_presence (device_id, online, since, event_id, sequence, told)
            SELECT device_id, false, now(), gen_random_uuid(), nextval('tenant.presence_sequence'), true FROM tenant.devices WHERE device_id LIKE 'many-%' AND device_id < 'many-080000'
            """);
        await browser.Tenant.Database.ExecuteAsync("ANALYZE");
        try
        {
            await using var context = await browser.OpenAsync();
            var page = await browser.SignInAsync(context, "portal/ui/devices");
            var slow = new List<string>();
            foreach (var filter in (string[])["text=meter", "state=online", "state=never_seen", "state=revoked", "state=expiring", "type=type-7", "tag=none"])
            {
                var clock = Stopwatch.StartNew();
                await page.GotoAsync(browser.At($"portal/ui/devices?{filter}").AbsoluteUri, new() { WaitUntil = WaitUntilState.Commit });
                slow.AddRange(clock.Elapsed > TimeSpan.FromSeconds(10) ? [$"{filter}: {clock.Elapsed}"] : Array.Empty<string>());
            }

            slow.ShouldBeEmpty();
            await page.GotoAsync(browser.At("portal/ui/devices?text=meter&state=revoked").AbsoluteUri);
            await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
            await Assertions.Expect(page.Locator(".sub")).ToContainTextAsync("1,000 devices match");
            await page.ClickAsync("text=Next page");
            await Assertions.Expect(page.Locator("tbody tr").First).ToContainTextAsync("many-005100");
            await page.GoBackAsync();
            await Assertions.Expect(page.Locator("tbody tr").First).ToContainTextAsync("many-000100");
        }
        finally
        {
            await browser.Tenant.Database.ExecuteAsync("DELETE FROM tenant.device_presence WHERE device_id LIKE 'many-%'");
            await browser.Tenant.Database.ExecuteAsync("DELETE FROM tenant.presence_changes WHERE device_id LIKE 'many-%'");
            await browser.Tenant.Database.ExecuteAsync("DELETE FROM tenant.devices WHERE device_id LIKE 'many-%'");
        }
    }

    /// <summary>Every statement that touches devices or sessions waits, as it does when the server's disk hangs.</summary>
    [SkippableFact]
    public async Task Database_ThatHangs_ThePageSaysSo_StaysAsItWas_AndComesBackByItself()
    {
        await SeenAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/devices/seen-1");
        await page.FillAsync("#command-name", "half-typed");
        await using (var connection = await browser.Tenant.Database.DataSource.OpenConnectionAsync())
        await using (var held = await connection.BeginTransactionAsync())
        {
            await using (var hold = new NpgsqlCommand("LOCK TABLE tenant.devices, accounts.sessions IN ACCESS EXCLUSIVE MODE", connection, held))
            {
                await hold.ExecuteNonQueryAsync();
            }

            await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("The database does not answer", new() { Timeout = 20_000 });
            await Assertions.Expect(page.Locator("#command-name")).ToHaveValueAsync("half-typed");
            await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Pump in the cellar");
            await page.ClickAsync("#account-menu summary");
            await Assertions.Expect(page.Locator("#roles")).ToBeVisibleAsync();

            // A page that is asked for anew can't know who asks: it says so within the time of a request.
            var answer = await context.APIRequest.GetAsync(browser.At("portal/ui/devices").AbsoluteUri, new() { Timeout = 60_000 });
            answer.Status.ShouldBe((int)HttpStatusCode.ServiceUnavailable);
            (await answer.TextAsync()).ShouldContain("<h1>");
            await held.RollbackAsync();
        }

        await Assertions.Expect(page.Locator(".problems")).ToHaveTextAsync("", new() { Timeout = 40_000 });
        await Assertions.Expect(page.Locator("#command-name")).ToHaveValueAsync("half-typed");
        new Uri(page.Url).AbsolutePath.ShouldBe("/portal/ui/devices/seen-1");
    }

    [SkippableFact]
    public async Task TwoOperators_AtOneDevice_TheSecondIsToldWhatChanged_AndDoesNothing()
    {
        await browser.AddDeviceAsync("both-1");
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/devices/both-1");
        await page.ClickAsync(".actions >> text=Revoke");
        await page.FillAsync("#confirm-reason", "mine");
        await page.FillAsync("#confirm-typed", "both-1");
        using (var other = await browser.AdminAsync())
        {
            await other.HoldDeviceAsync("both-1", new HoldRequest { Reason = "it is being looked at" });
        }

        await page.ClickAsync(".mud-dialog button:has-text('Revoke')");
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("Nothing was done: both-1 is on hold now");
        (await browser.Tenant.Database.ScalarAsync<string>("SELECT status FROM tenant.devices WHERE device_id = 'both-1'")).ShouldBe("held");
    }

    /// <summary>What is cancelled or taken away is asked about first.</summary>
    [SkippableFact]
    public async Task Command_AndTag_AreTakenBack_OnceThatIsConfirmed()
    {
        await browser.AddDeviceAsync("asked-1");
        await browser.Tenant.Database.ExecuteAsync("INSERT INTO tenant.device_tags VALUES ('asked-1', 'attic') ON CONFLICT DO NOTHING");
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/devices/asked-1");
        await page.FillAsync("#tag", "attic");
        await page.ClickAsync("text=Take away");
        await page.ClickAsync(".mud-dialog button:has-text('Cancel')");
        (await browser.Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.device_tags WHERE device_id = 'asked-1'")).ShouldBe(1);
        await page.ClickAsync("text=Take away");
        await page.ClickAsync(".mud-dialog button:has-text('Take it away')");
        await Assertions.Expect(page.Locator(".tags:has-text('attic')")).ToHaveCountAsync(0);
        (await browser.Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.device_tags WHERE device_id = 'asked-1'")).ShouldBe(0);

        await page.FillAsync("#command-name", "restart");
        await page.ClickAsync("section:has(#commands) button:has-text('Send')");
        await page.ClickAsync("section:has(#commands) li button:has-text('Cancel')");
        await page.ClickAsync(".mud-dialog button:has-text('Cancel the command')");
        await Assertions.Expect(page.Locator("section:has(#commands) li .state")).ToHaveTextAsync("cancelled");
    }

    /// <summary>A new key at the tenant, certified by the provider; confirmed, audited, and the page shows it.</summary>
    [SkippableFact]
    public async Task SubCa_IsRotated()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/provider");
        var link = page.Locator("dt:has-text('Sub-CA') + dd a");
        var before = await link.GetAttributeAsync("href");
        await page.ClickAsync("#rotate");
        await page.ClickAsync(".mud-dialog button:has-text('Rotate')");

        await Assertions.Expect(link).Not.ToHaveAttributeAsync("href", before!, new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator(".problems")).ToHaveTextAsync("");
        (await browser.Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'sub_ca.rotated' AND actor = 'admin'")).ShouldBe(1);
    }

    /// <summary>The page offers nothing, and the API does not take the page's cookie.</summary>
    [SkippableFact]
    public async Task Viewer_SeesEverythingButTheAuditLog_AndChangesNothing()
    {
        await SeenAsync();
        var name = await browser.AddAccountAsync(Roles.Viewer);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/devices/seen-1", name, PortalBrowser.Password);
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Pump in the cellar");
        await Assertions.Expect(page.Locator("main button:has-text('Revoke'), main button:has-text('hold'), main button:has-text('Send'), nav >> text=Audit log")).ToHaveCountAsync(0);
        var before = await browser.Tenant.Database.ScalarAsync<long>("SELECT max(sequence) FROM audit.entries");

        foreach (var (method, path) in new[] { ("POST", "seen-1/revoke"), ("POST", "seen-1/hold"), ("PUT", "seen-1/tags/x"), ("POST", "seen-1/commands"), ("POST", "tokens") })
        {
            (await page.EvaluateAsync<int>("async ([method, path]) => (await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: '{\"name\":\"x\"}' })).status", new[] { method, $"/portal/devices/{path}" }))
                .ShouldBe((int)HttpStatusCode.Unauthorized, $"{method} {path}");
        }

        await page.GotoAsync(browser.At("portal/ui/enrolment").AbsoluteUri);
        await Assertions.Expect(page.Locator("#device-id")).ToHaveCountAsync(0);
        await page.GotoAsync(browser.At("portal/ui/provider").AbsoluteUri);
        await Assertions.Expect(page.Locator("dt:has-text('Sub-CA') + dd a")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#rotate")).ToHaveCountAsync(0);
        (await browser.Tenant.Database.ScalarAsync<long>("SELECT max(sequence) FROM audit.entries")).ShouldBe(before);
    }

    /// <summary>A device with numbers, a state, a lineage and connections.</summary>
    private async Task SeenAsync()
    {
        await browser.AddDeviceAsync("seen-1", "Pump in the cellar", "pump");
        await browser.AddDeviceAsync("seen-2");
        await browser.Tenant.Database.ExecuteAsync("INSERT INTO tenant.device_tags VALUES ('seen-1', 'cellar') ON CONFLICT DO NOTHING");
        await browser.Tenant.Database.ExecuteAsync(
            "INSERT INTO tenant.device_presence (device_id, online, since, event_id, sequence, told) VALUES ('seen-1', true, now() - interval '3 hours', gen_random_uuid(), nextval('tenant.presence_sequence'), true) ON CONFLICT DO NOTHING");
        await browser.Tenant.Database.TakesTelemetryAsync("tenant");
        await browser.Tenant.Database.ExecuteAsync(
            """
            INSERT INTO tenant.telemetry (device_id, sent_at, identity, received_at, topic, payload)
            SELECT 'seen-1', date_trunc('hour', now()) - i * interval '20 seconds', substring(sha256(i::text::bytea) FOR 16), now(), 'telemetry/seen-1',
              CASE i WHEN 8 THEN '[1,2]' WHEN 9 THEN '{"celsius":1e400,"note":"<b>"}' ELSE format('{"celsius":%s,"rpm":%s}', 20 + 3 * sin(i / 9.0), 900 + i) END::json
            FROM generate_series(1, 60) i ON CONFLICT DO NOTHING
            """);
    }
}
