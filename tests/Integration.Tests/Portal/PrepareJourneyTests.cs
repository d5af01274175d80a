using System.Security.Cryptography;
using Deque.AxeCore.Playwright;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A person prepares a tenant, hands its key over, and watches it join.</summary>
public sealed class PrepareJourneyTests(PortalBrowser browser) : IClassFixture<PortalBrowser>
{
    [SkippableFact]
    public async Task Prepare_CopyTheKey_StartTheTenant_PageBecomesJoined_WithoutReload()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/prepare");
        await page.FillAsync("#tenant-id", "acme");
        await page.FillAsync("#display-name", "Acme Water");
        await page.ClickAsync("text=Prepare and show the key");
        await page.WaitForURLAsync("**/portal/ui/tenants/acme");
        await Assertions.Expect(page.Locator(".steps li.now")).ToContainTextAsync("Waiting for the tenant's first call");
        await page.ClickAsync("[aria-label='Copy the JOIN key']");
        await Assertions.Expect(page.Locator("[aria-label='Copy the JOIN key']")).ToHaveTextAsync("Copied");
        var key = await page.EvaluateAsync<string>("navigator.clipboard.readText()");
        key.ShouldMatch("^[A-Z0-9]{4}(-[A-Z0-9]{4}){3}$");
        page.Url.ShouldNotContain(key);
        await Screenshots.TakeAsync(page, "prepare");
        await page.EvaluateAsync("window.sameDocument = true");

        await using var tenant = await TenantStack.LaunchAsync(browser.Provider, "acme", key);
        await Assertions.Expect(page.Locator(".steps li.done")).ToHaveCountAsync(6, new() { Timeout = 90_000 });

        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("joined");
        (await page.EvaluateAsync<bool>("window.sameDocument === true")).ShouldBeTrue("the page was loaded again");
        await Assertions.Expect(page.Locator(".steps li").Nth(1)).ToContainTextAsync(" ms");
        await Assertions.Expect(page.Locator("#key")).ToHaveCountAsync(0);
        await Screenshots.TakeAsync(page, "joined");
        (await page.ContentAsync()).ShouldNotContain(key);

        await page.ReloadAsync();
        (await page.ContentAsync()).ShouldNotContain(key);
        browser.Provider.Process.Lines.Where(line => line.Contains(key, StringComparison.Ordinal)).ShouldBeEmpty();

        await tenant.ReadyAsync();
        await RatesAsync(page);
        await LookAsync();
        await RepairAtTheBrokerAsync(page);
        await ChangeThePlanAsync(page);
        await NewSecretAsync(page);
        await ForTheDocumentationAsync();
        await RevokeItsSubCasAsync(page);
        await SuspendResumeRemoveAsync(page);
    }

    private async Task LookAsync()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/acme");
        var inspection = new PageInspection(page);
        await inspection.LookAsync("a tenant that has joined");
        inspection.ShouldHaveFoundNothing();
    }

    /// <summary>Somebody's hand was at it.</summary>
    private async Task RepairAtTheBrokerAsync(IPage page)
    {
        await browser.Provider.Database.ExecuteAsync("UPDATE provider.broker_logins SET may_retain = true WHERE name = 'acme-mqtt-bridge'");
        await page.ReloadAsync();
        await PortalBrowser.LiveAsync(page);
        var card = page.Locator("section:has(#broker)");
        await Assertions.Expect(card).ToContainTextAsync("permissions of acme");
        await card.Locator("button:has-text('Repair')").ClickAsync();
        await page.ClickAsync(".mud-dialog button:has-text('Repair')");
        await Assertions.Expect(card).ToContainTextAsync("as it should be");
        (await AuditedAsync("tenant.broker_repaired")).ShouldBe(1);
    }

    /// <summary>Its numbers are on the page; choosing another one asks first, and is refused where somebody else chose meanwhile.</summary>
    private async Task ChangeThePlanAsync(IPage page)
    {
        var facts = page.Locator("section:has(#facts)");
        await Assertions.Expect(facts).ToContainTextAsync("10 connections at once, 100 sessions with subscriptions");
        await page.SelectOptionAsync("#plan", "large");
        await page.ClickAsync(".mud-dialog button:has-text('Cancel')");
        await Assertions.Expect(page.Locator("#plan")).ToHaveValueAsync("standard");
        (await AuditedAsync("tenant.plan_changed")).ShouldBe(0);

        await page.SelectOptionAsync("#plan", "small");
        await Assertions.Expect(page.Locator(".mud-dialog")).ToBeVisibleAsync();
        using (var other = await browser.Provider.AdminAsync())
        {
            await other.ChangePlanAsync("acme", "large");
        }

        await page.ClickAsync(".mud-dialog button:has-text('Change the plan')");
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("Nothing was done: acme has changed since you were asked");
        await Assertions.Expect(page.Locator("#plan")).ToHaveValueAsync("large");
        await page.SelectOptionAsync("#plan", "standard");
        await page.ClickAsync(".mud-dialog button:has-text('Change the plan')");
        await Assertions.Expect(page.Locator("#plan")).ToHaveValueAsync("standard");
        await Assertions.Expect(facts).ToContainTextAsync("10 connections at once");
        (await AuditedAsync("tenant.plan_changed")).ShouldBe(2);
    }

    /// <summary>Of the client by which the platform's staff signs in there: made, and shown to nobody.</summary>
    private async Task NewSecretAsync(IPage page)
    {
        var card = page.Locator("section:has(#federation)");
        await Assertions.Expect(card).ToContainTextAsync("as it should be");
        await page.ClickAsync("#new-secret");
        await page.ClickAsync(".mud-dialog button:has-text('Make a new secret')");
        await Assertions.Expect(page.Locator(".mud-snackbar:has-text('the tenant fetches it')")).ToBeVisibleAsync();
        (await AuditedAsync("federation.secret_rotated")).ShouldBe(1);
    }

    /// <summary>Five messages a second, in minutes that are over, and in those that go by meanwhile.</summary>
    private async Task RatesAsync(IPage page)
    {
        await browser.Provider.Database.ExecuteAsync("INSERT INTO provider.bridge_minutes SELECT 'acme', date_trunc('minute', now()) - i * interval '1 minute', 300 FROM generate_series(-5, 9) i ON CONFLICT (tenant_id, minute) DO UPDATE SET messages = 300");
        var card = page.Locator("section:has(#bridge)");
        await Assertions.Expect(card).ToContainTextAsync("5.0 messages/s", new() { Timeout = 30_000 });
        await Assertions.Expect(card).ToContainTextAsync("connected");

        await using var context = await browser.OpenAsync();
        var overview = await browser.SignInAsync(context);
        await Assertions.Expect(overview.Locator("section:has(#bridges)")).ToContainTextAsync("5.0 messages/s");
        await Assertions.Expect(overview.Locator("#busiest tbody tr").First).ToContainTextAsync("acme");
    }

    /// <summary>Its key is in other hands: what it hits, the name typed, what is done. The tenant has another one by itself.</summary>
    private async Task RevokeItsSubCasAsync(IPage page)
    {
        using var admin = await browser.Provider.AdminAsync();
        var serial = (await admin.GetTenantAsync("acme")).SubCaSerials.Single();
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("text=Its key is in other hands >> nth=0");
        await Assertions.Expect(page.Locator("section[aria-labelledby=hits]")).ToContainTextAsync("1 tenant's Sub-CA");
        await Assertions.Expect(page.Locator("section[aria-labelledby=trust]")).ToContainTextAsync("a list of revoked Sub-CAs from before");
        await Screenshots.TakeAsync(page, "emergency");
        (await AuditedAsync("sub_ca.compromised")).ShouldBe(0, "looking changes nothing");
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("section[aria-labelledby=act] button");
        var revoke = page.Locator(".mud-dialog button:has-text('Revoke')");
        await page.FillAsync("#confirm-reason", "a backup was stolen");
        await Assertions.Expect(revoke).ToBeDisabledAsync();
        await page.FillAsync("#confirm-typed", "acme");
        await revoke.ClickAsync();

        await Assertions.Expect(page.Locator("#hits")).ToHaveTextAsync("What is done");
        await Assertions.Expect(page.Locator("section[aria-labelledby=hits]")).ToContainTextAsync("Left to revoke");
        await Assertions.Expect(page.Locator("#trust")).ToHaveTextAsync("Who still trusts it");
        await Assertions.Expect(page.Locator("section[aria-labelledby=act]")).ToHaveCountAsync(0);
        new Uri(page.Url).Query.ShouldContain(serial, customMessage: "loaded again, it is the same one");
        (await AuditedAsync("sub_ca.compromised")).ShouldBe(1);
        await page.GotoAsync(browser.At("portal/ui/tenants/acme").AbsoluteUri);
        await Assertions.Expect(page.Locator("dt:has-text('Sub-CA') + dd a[href*='/certificates/']")).ToHaveCountAsync(1, new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator($"a[href$='{serial}']")).ToHaveCountAsync(0);
    }

    private async Task ForTheDocumentationAsync()
    {
        foreach (var (name, path, colors, width) in new[] { ("overview-dark", "portal/ui", ColorScheme.Dark, 1280), ("tenants-phone", "portal/ui/tenants", ColorScheme.Light, 375) })
        {
            if (Screenshots.AreWanted)
            {
                await using var context = await browser.OpenAsync(colors, width, 780);
                await Screenshots.TakeAsync(await browser.SignInAsync(context, path), name);
            }
        }
    }

    private async Task SuspendResumeRemoveAsync(IPage page)
    {
        await PortalBrowser.LiveAsync(page);
        await page.ClickAsync("text=Suspend");
        await page.FillAsync("#confirm-reason", "an invoice is open");
        await page.ClickAsync(".mud-dialog button:has-text('Suspend')");
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("suspended");
        (await AuditedAsync("tenant.suspended")).ShouldBe(1);

        await page.ClickAsync("text=Resume");
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("joined");

        await page.ClickAsync("text=Remove");
        var remove = page.Locator(".mud-dialog button:has-text('Remove')");
        await Assertions.Expect(remove).ToBeDisabledAsync();
        await page.FillAsync("#confirm-typed", "acm");
        await Assertions.Expect(remove).ToBeDisabledAsync();
        await page.FillAsync("#confirm-typed", "acme");
        await remove.ClickAsync();
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("was removed on", new() { Timeout = 30_000 });
        (await AuditedAsync("tenant.removed")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Prepare_WrongInput_IsSaidBesideTheField_AndATenantThatExistsOnThePage()
    {
        await browser.Provider.PrepareAsync("taken");
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/prepare");

        await page.ClickAsync("text=Prepare and show the key");
        await Assertions.Expect(page.Locator("form.form")).ToContainTextAsync("An id is needed");
        await page.FillAsync("#tenant-id", "-acme");
        await Assertions.Expect(page.Locator("form.form")).ToContainTextAsync("2 to 63");
        await page.FillAsync("#display-name", new string('W', 255));
        await Assertions.Expect(page.Locator("#display-name-help")).ToContainTextAsync("At most 200 characters");
        await page.FillAsync("#tenant-id", "taken");
        await page.FillAsync("#display-name", "Taken");
        await page.ClickAsync("text=Prepare and show the key");
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("Tenant taken exists");
        (await page.InputValueAsync("#display-name")).ShouldBe("Taken");
    }

    /// <summary>The older way in: a stack asks, a person compares its key's fingerprint and decides.</summary>
    [SkippableFact]
    public async Task RequestToJoin_IsShownInWords_Rejected_AndApproved()
    {
        using var admin = await browser.Provider.AdminAsync();
        var fingerprints = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tenant in (string[])["unwanted", "wanted"])
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var bridge = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            fingerprints[tenant] = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
            await admin.RequestJoinAsync(tenant, new JoinRequest
            {
                SubCaCsr = CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = SubCaName.For(tenant) }),
                MqttBridgeCsr = CertificateSigningRequest.CreatePem(bridge, new SubjectNames { CommonName = MqttBridgeName.For(tenant) }),
            });
        }

        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/unwanted");
        var card = page.Locator("section:has(#request)");
        await Assertions.Expect(page.Locator("#request-key")).ToHaveTextAsync(fingerprints["unwanted"]);
        await Assertions.Expect(card).ToContainTextAsync("ECDSA, P-256");
        await Assertions.Expect(card).ToContainTextAsync(SubCaName.For("unwanted"));
        (await page.RunAxe()).Violations.ShouldBeEmpty();
        await card.Locator("button:has-text('Reject')").ClickAsync();
        await page.FillAsync("#confirm-reason", "nobody knows them");
        await page.ClickAsync(".mud-dialog button:has-text('Reject')");
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("rejected");
        await Assertions.Expect(card).ToHaveCountAsync(0);

        await page.GotoAsync(browser.At("portal/ui/tenants/wanted").AbsoluteUri);
        await PortalBrowser.LiveAsync(page);
        await card.Locator("button:has-text('approve')").ClickAsync();
        await page.ClickAsync(".mud-dialog button:has-text('Approve')");
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("joining");
        (await browser.Provider.Database.ScalarAsync<string>("SELECT reason FROM provider.joins WHERE tenant_id = 'unwanted'")).ShouldBe("nobody knows them");
    }

    [SkippableFact]
    public async Task Emergency_UnknownTarget_IsSaid_AndAnOperatorSeesNothingOfIt()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/emergencies?kind=sub-ca&target=nobody");
        await Assertions.Expect(page.Locator(".problems")).ToContainTextAsync("has no valid certificate");
        await Assertions.Expect(page.Locator("section[aria-labelledby=hits]")).ToHaveCountAsync(0);
        await page.GotoAsync(browser.At("portal/ui/emergencies?kind=intermediate&target=now").AbsoluteUri);
        await Assertions.Expect(page.Locator("section[aria-labelledby=follows]")).ToContainTextAsync("IOT_REPLACE_INTERMEDIATE=compromised:");
        await Assertions.Expect(page.Locator("section[aria-labelledby=act]")).ToHaveCountAsync(0);

        await using var others = await browser.OpenAsync();
        var theirs = await browser.SignInAsync(others, "portal/ui", await browser.AddAccountAsync(Roles.Operator), PortalBrowser.Password);
        await Assertions.Expect(theirs.Locator("nav >> text=Emergency")).ToHaveCountAsync(0);
        await theirs.GotoAsync(browser.At("portal/ui/emergencies?kind=intermediate&target=now").AbsoluteUri);
        await Assertions.Expect(theirs.Locator(".problems")).ToContainTextAsync("Your role does not allow this");
        await Assertions.Expect(theirs.Locator("section[aria-labelledby=follows]")).ToHaveCountAsync(0);
    }

    [SkippableFact]
    public async Task Key_ReplacedAndRevoked()
    {
        await browser.Provider.PrepareAsync("keys");
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/tenants/keys");

        await page.ClickAsync("text=New JOIN key");
        await page.ClickAsync(".mud-dialog button:has-text('Make a new key')");
        await Assertions.Expect(page.Locator("#key")).ToBeVisibleAsync();

        // Shown once: who leaves the page and comes back, without loading it again, sees it no more.
        await page.EvaluateAsync("window.sameDocument = true");
        await page.ClickAsync("nav >> text=Certificates");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Certificates");
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator(".steps li.now")).ToContainTextAsync("Waiting for the tenant's first call");
        (await page.EvaluateAsync<bool>("window.sameDocument === true")).ShouldBeTrue();
        await Assertions.Expect(page.Locator("#key")).ToHaveCountAsync(0);

        await page.ClickAsync("text=Revoke");
        await page.ClickAsync(".mud-dialog button:has-text('Revoke')");
        await Assertions.Expect(page.Locator("#key")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator(".steps li.stuck")).ToContainTextAsync("It has no JOIN key");
    }

    private Task<long> AuditedAsync(string action) => browser.Provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = $1 AND subject = 'acme'", action);
}
