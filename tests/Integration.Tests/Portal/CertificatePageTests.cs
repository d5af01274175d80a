using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>Certificates and whose they are, provisioners and the policy, as people find and change them.</summary>
public sealed class CertificatePageTests(PortalBrowser browser) : IClassFixture<PortalBrowser>
{
    [SkippableFact]
    public async Task Certificates_AreFoundByIssuerAndProvisioner_AndSavedAsAFile()
    {
        await IssuedAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/certificates");

        await page.FillAsync("[name=issuer]", "Bench CA");
        await page.ClickAsync("button:has-text('Search')");
        await page.WaitForURLAsync("**issuer=Bench*");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(4);
        await PortalBrowser.LiveAsync(page);
        await page.FillAsync("[name=provisioner]", "builds");
        await page.ClickAsync("button:has-text('Search')");
        await page.WaitForURLAsync("**provisioner=builds*");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        await Assertions.Expect(page.Locator("[name=issuer]")).ToHaveValueAsync("Bench CA");
        await Screenshots.TakeAsync(page, "certificates-found");

        var csv = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync(".actions >> text=CSV"));
        var lines = (await File.ReadAllLinesAsync(await csv.PathAsync())).Skip(1).ToList();
        lines.Count.ShouldBe(3);
        lines.ShouldAllBe(line => line.Contains("\"Bench CA\",\"leaf\",\"builds\"", StringComparison.Ordinal));
        var json = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync(".actions >> text=JSON"));
        (await File.ReadAllTextAsync(await json.PathAsync())).ShouldContain("\"provisioner\":\"builds\"");

        var today = TimeProvider.System.GetUtcNow();
        await page.GotoAsync(browser.At("portal/ui/certificates?issuer=Bench+CA").AbsoluteUri);
        await PortalBrowser.LiveAsync(page);
        await page.FillAsync("[name=ends_from]", Day(today));
        await page.FillAsync("[name=ends_until]", Day(today.AddDays(3)));
        await page.ClickAsync("button:has-text('Search')");
        await page.WaitForURLAsync("**ends_from=*");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("tbody tr")).ToContainTextAsync("api.example.com");

        await page.GotoAsync(browser.At("portal/ui/certificates?issuer=nobody").AbsoluteUri);
        await Assertions.Expect(page.Locator(".empty-title")).ToHaveTextAsync("No certificate matches");
    }

    [SkippableFact]
    public async Task Endpoints_AreShownWithTheirLineage_AndThoseThatAreNotRenewed()
    {
        await IssuedAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/endpoints?name=API.example.com");
        var row = page.Locator("tbody tr");

        await Assertions.Expect(row).ToHaveCountAsync(1);
        await Assertions.Expect(row).ToContainTextAsync("1 active of 2");
        await Assertions.Expect(row.Locator(".state")).ToHaveTextAsync("expires soon, not renewed");
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await Screenshots.TakeAsync(page, "endpoints");
        await page.SelectOptionAsync("[name=state]", "expiring");
        await page.ClickAsync("button:has-text('Search')");
        await page.WaitForURLAsync("**state=expiring*");
        await Assertions.Expect(row).ToHaveCountAsync(1);
        await page.GotoAsync(browser.At("portal/ui/endpoints?provisioner=builds&state=ended").AbsoluteUri);
        await Assertions.Expect(row).ToContainTextAsync("old.example.com");

        await page.GotoAsync(browser.At("portal/ui/endpoints?name=api.example.com").AbsoluteUri);
        await PortalBrowser.LiveAsync(page);
        await row.Locator("a.name").ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);
        await Assertions.Expect(page.Locator(".sub")).ToContainTextAsync("Of one endpoint");
    }

    [SkippableFact]
    public async Task Revoke_SaysSinceWhenTheKeyIsInOtherHands()
    {
        await IssuedAsync();
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/certificates?text=stolen.example.com");
        await page.ClickAsync("tbody a.name");
        await page.SelectOptionAsync("section:has(#revoke) select", "6");
        await Assertions.Expect(page.Locator("#invalid-since")).ToHaveCountAsync(0);
        await page.SelectOptionAsync("section:has(#revoke) select", "1");
        await page.FillAsync("#invalid-since", "2031-01-01T00:00");
        await RevokeAsync();
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("is in the future");
        await page.FillAsync("#invalid-since", "2026-03-01T08:30");
        await RevokeAsync();

        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("revoked");
        (await browser.Provider.Database.ScalarAsync<string>(
            "SELECT to_char(r.invalid_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || r.reason_code FROM ca.revocations r JOIN ca.certificates c USING (serial) WHERE c.subject = 'stolen.example.com'")).ShouldBe("2026-03-01 08:30 1");

        async Task RevokeAsync()
        {
            await page.ClickAsync("section:has(#revoke) button");
            await page.FillAsync("#confirm-reason", "seen elsewhere");
            await page.ClickAsync(".mud-dialog button:has-text('Revoke')");
        }
    }

    [SkippableFact]
    public async Task Issuers_AreShown_WithWhatTheyDoAndForWhom()
    {
        using var other = await browser.Provider.AdminAsync();
        await other.CreateIssuerAsync(new CreateIssuerRequest { Name = "plant", CommonName = "Plant CA" });
        await other.SaveProvisionerAsync("plant-web", System.Text.Json.JsonElement.Parse("""{"type":"ACME","name":"plant-web","options":{"issuer":"plant"}}"""));
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/ca");

        foreach (var word in new[] { "plant", "Plant CA", "issuing", "plant-web" })
        {
            await Assertions.Expect(page.Locator("#issuer-list")).ToContainTextAsync(word);
        }

        await PortalBrowser.LiveAsync(page);
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await other.SetIssuerStateAsync("plant", new IssuerStateRequest { State = "retired" });
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#issuer-list")).ToContainTextAsync("retired");
        await Assertions.Expect(page.Locator("#provisioner-list")).ToContainTextAsync("the issuer plant signs nothing new");
    }

    [SkippableFact]
    public async Task Provisioner_IsAdded_Changed_AndRemoved_AndTheSecondOfTwoIsTold()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/ca");
        await page.ClickAsync("text=Add one");
        await Assertions.Expect(page.Locator("#definition")).ToHaveValueAsync(Part("\"ACME\""));
        await PortalBrowser.LiveAsync(page);
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await page.FillAsync("#definition", """{"type":"ACME","name":"shop","requireEAB":true,"nobody":1}""");
        await SaveAsync();
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("The provisioner can't be used");
        await page.FillAsync("#definition", """{"type":"ACME","name":"shop","requireEAB":true}""");
        await SaveAsync();
        await page.WaitForURLAsync("**name=shop");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("shop");
        await PortalBrowser.LiveAsync(page);
        await Screenshots.TakeAsync(page, "provisioner");

        // Another one, over the API.
        await page.FillAsync("#definition", """{"type":"ACME","name":"shop","requireEAB":false}""");
        using (var other = await browser.Provider.AdminAsync())
        {
            await other.SaveProvisionerAsync("shop", System.Text.Json.JsonElement.Parse("""{"type":"ACME","name":"shop","requireEAB":true,"claims":{"disableRenewal":true}}"""));
        }

        await Assertions.Expect(page.Locator("form [role=status]")).ToContainTextAsync("changed meanwhile");
        await Assertions.Expect(page.Locator("#definition")).ToHaveValueAsync(Part("\"requireEAB\":false"));
        await SaveAsync();
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("It differs from yours in: requireEAB, claims");
        await page.ClickAsync("text=Show it as it is now");
        await Assertions.Expect(page.Locator("#definition")).ToHaveValueAsync(Part("disableRenewal"));

        await page.ClickAsync(".actions >> text=Remove");
        await page.FillAsync("#confirm-typed", "shop");
        await page.ClickAsync(".mud-dialog button:has-text('Remove')");
        await page.WaitForURLAsync("**/portal/ui/ca");
        await Assertions.Expect(page.Locator("#provisioner-list")).Not.ToContainTextAsync("shop");
        (await browser.Provider.Database.ScalarAsync<string>("SELECT string_agg(action || ' ' || (actor = 'admin'), ', ' ORDER BY sequence) FROM audit.entries WHERE subject = 'shop'"))
            .ShouldBe("provisioner.created true, provisioner.changed false, provisioner.removed true");

        async Task SaveAsync()
        {
            await page.ClickAsync("form button:has-text('Save')");
            await page.ClickAsync(".mud-dialog button:has-text('Save')");
        }
    }

    [SkippableFact]
    public async Task Policy_IsSet_AndRemoved()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/ca/policy");
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await page.FillAsync("#policy", "{\"x509\":");
        await SaveAsync();
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("it is no JSON");
        await page.FillAsync("#policy", """{"x509":{"deny":{"dns":["secret.example.com"]}}}""");
        await SaveAsync();
        await Assertions.Expect(page.Locator(".head button:has-text('Remove')")).ToBeVisibleAsync();
        await page.GotoAsync(browser.At("portal/ui/ca").AbsoluteUri);
        await Assertions.Expect(page.Locator("#authority-policy")).ToContainTextAsync("secret.example.com");

        await page.GotoAsync(browser.At("portal/ui/ca/policy").AbsoluteUri);
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync(".head button:has-text('Remove')");
        await page.ClickAsync(".mud-dialog button:has-text('Remove')");
        await Assertions.Expect(page.Locator(".head button:has-text('Remove')")).ToHaveCountAsync(0);
        (await browser.Provider.Database.ScalarAsync<string>("SELECT string_agg(action, ', ' ORDER BY sequence) FROM audit.entries WHERE action LIKE 'policy.%'")).ShouldBe("policy.changed, policy.removed");

        async Task SaveAsync()
        {
            await page.ClickAsync("form button:has-text('Save')");
            await page.ClickAsync(".mud-dialog button:has-text('Save')");
        }
    }

    /// <summary>The pages offer nothing, and the API does not take their cookie.</summary>
    [SkippableFact]
    public async Task Viewer_SeesProvisioners_AndChangesNone()
    {
        await IssuedAsync();
        var name = await browser.AddAccountAsync(Roles.Viewer);
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/ca", name, PortalBrowser.Password);
        await Assertions.Expect(page.Locator("#provisioner-list")).ToContainTextAsync("iot-bridge");
        await Assertions.Expect(page.Locator("main a:has-text('Change'), main a:has-text('Add one'), main a:has-text('Set one')")).ToHaveCountAsync(0);
        var before = await browser.Provider.Database.ScalarAsync<long>("SELECT max(sequence) FROM audit.entries");

        foreach (var path in (string[])["portal/ui/ca/provisioner", "portal/ui/ca/provisioner?name=iot-bridge", "portal/ui/ca/policy"])
        {
            await page.GotoAsync(browser.At(path).AbsoluteUri);
            await Assertions.Expect(page.Locator(".empty-title")).ToContainTextAsync("Your role does not change");
            await Assertions.Expect(page.Locator("textarea")).ToHaveCountAsync(0);
        }

        foreach (var (method, path) in new[] { ("PUT", "provisioners/web"), ("DELETE", "provisioners/iot-bridge"), ("PUT", "authority-policy"), ("DELETE", "authority-policy") })
        {
            (await page.EvaluateAsync<int>("async ([method, path]) => (await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: '{}' })).status", new[] { method, $"/portal/{path}" }))
                .ShouldBe((int)HttpStatusCode.Unauthorized, $"{method} {path}");
        }

        (await page.EvaluateAsync<int>("async () => (await fetch('/portal/ui/certificates/export?issuer=Bench+CA')).status")).ShouldBe((int)HttpStatusCode.OK);
        (await browser.Provider.Database.ScalarAsync<long>("SELECT max(sequence) FROM audit.entries")).ShouldBe(before);
    }

    /// <summary>Straight into the ledger: one endpoint of two certificates that ends in two days, one that has ended, and one of another provisioner.</summary>
    private Task IssuedAsync() => browser.Provider.Database.ExecuteAsync(
        """
        INSERT INTO ca.certificates (serial, subject, sans, issuer, issuer_key_id, profile, provisioner, requester, public_key_sha256, not_before, not_after, issued_at, renews, der)
        SELECT v.serial::bytea, v.name, ARRAY[v.name], 'Bench CA', c.issuer_key_id, 'leaf', v.provisioner, 'test', sha256(v.serial::bytea), v.until - interval '30 days', v.until, v.until - interval '30 days', v.renews::bytea, c.der
        FROM (VALUES ('\x4101', 'api.example.com', 'builds', now() - interval '1 day', NULL), ('\x4102', 'api.example.com', 'builds', now() + interval '2 days', '\x4101'),
            ('\x4103', 'old.example.com', 'builds', now() - interval '9 days', NULL), ('\x4104', 'stolen.example.com', 'staff', now() + interval '29 days', NULL)) v (serial, name, provisioner, until, renews),
          (SELECT * FROM ca.certificates WHERE profile = 'service' LIMIT 1) c
        ON CONFLICT DO NOTHING
        """);

    private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static Regex Part(string text) => new(Regex.Escape(text), RegexOptions.None, TimeSpan.FromSeconds(1));
}
