using System.Net;
using IoTPlatform.Identity.Tests.Factors;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Identity.Tests.Portal;

/// <summary>The administrator's list of accounts, in a browser without scripts.</summary>
public sealed class AccountListTests(FactorFixture fixture) : IClassFixture<FactorFixture>
{
    private Uri List => new(fixture.Portal.Url, "portal/accounts");

    [SkippableFact]
    public async Task Add_GivesALinkOnce_AndTheAccountIsListed()
    {
        using var admin = await AdministratorAsync();
        var name = "new-" + Guid.NewGuid().ToString("N")[..8];

        var link = await admin.Browser.SubmitAsync(await admin.Browser.GetAsync(List), "accounts/add", ("username", name), ("role", Roles.Operator));

        using var browser = new Browser();
        (await browser.GetAsync(new Uri(link["link"]!)))["account"].ShouldBe(name);
        var list = await admin.Browser.GetAsync(List);
        list.Html.ShouldContain($"{name} <span class=\"muted\">cdm-operator, invited");
        list.Html.ShouldNotContain(link["link"]!.Split('=')[1]);
        list.Html.ShouldNotContain("<script");
        (await fixture.EntriesAsync(name)).ShouldBe("account.invited");
    }

    [SkippableFact]
    public async Task Changes_AreDone_ByTheServicesOfTheApi()
    {
        using var admin = await AdministratorAsync();
        using var person = await fixture.PersonAsync(Roles.Viewer);
        await person.WithAuthenticatorAsync();

        await ChangeAsync(admin, "roles", person, ("role", Roles.Operator));
        (await person.HomeAsync())["roles"].ShouldBe(Roles.Operator);
        (await ChangeAsync(admin, "reset-factors", person)).Status.ShouldBe(HttpStatusCode.Forbidden, "a cookie alone opens no account");
        (await ChangeAsync(admin, "reset", person)).Status.ShouldBe(HttpStatusCode.Forbidden);
        await admin.ConfirmAsync();
        await ChangeAsync(admin, "reset-factors", person);
        (await person.HomeAsync())["name"].ShouldBeNull();
        (await person.SignInAsync())["name"].ShouldBe(person.Name);
        await ChangeAsync(admin, "disable", person);
        (await person.SignInAsync()).Status.ShouldBe(HttpStatusCode.Forbidden);
        await ChangeAsync(admin, "enable", person);
        (await person.SignInAsync())["name"].ShouldBe(person.Name);
        (await ChangeAsync(admin, "reset", person))["link"].ShouldNotBeNull();
        (await person.HomeAsync())["name"].ShouldBeNull();

        (await fixture.App.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE subject = $1 AND actor = $2", person.Name, admin.Name)).ShouldBe(5);
    }

    [SkippableTheory]
    [InlineData("add", HttpStatusCode.Conflict, "There is an account")]
    [InlineData("roles", HttpStatusCode.BadRequest, "Roles are")]
    public async Task Refused_IsShownOnTheList(string action, HttpStatusCode status, string text)
    {
        using var admin = await AdministratorAsync();
        using var person = await fixture.PersonAsync();

        var page = await ChangeAsync(admin, action, person, ("role", action == "add" ? Roles.Viewer : "root"));

        page.Status.ShouldBe(status);
        page.Text.ShouldContain(text);
        page.Text.ShouldContain("Add an account");
    }

    [SkippableFact]
    public async Task Attack_WithoutTheRole_WithoutASession_OrFromAnotherSite_IsRefused()
    {
        using var viewer = await fixture.PersonAsync();
        await viewer.SignInAsync();
        using var stranger = new Browser();
        using var admin = await AdministratorAsync();

        (await viewer.Browser.GetAsync(List)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await viewer.HomeAsync()).Html.ShouldNotContain("/portal/accounts");
        (await stranger.GetAsync(List)).Html.ShouldContain("name=\"password\"");
        var (_, viewers) = (await viewer.AccountAsync()).Form("sessions/end");
        foreach (var action in new[] { "add", "reset", "disable", "enable", "roles", "reset-factors" })
        {
            var form = new Dictionary<string, string>(viewers) { ["username"] = admin.Name, ["role"] = Roles.Viewer };
            (await viewer.Browser.PostAsync(new Uri(List + "/" + action), form)).Status.ShouldBe(HttpStatusCode.Forbidden, action);
            (await admin.Browser.PostAsync(new Uri(List + "/" + action), form)).Status.ShouldBe(HttpStatusCode.BadRequest, action);
            (await stranger.PostAsync(new Uri(List + "/" + action), form)).Status.ShouldBe(HttpStatusCode.BadRequest, action);
        }

        (await fixture.EntriesAsync(admin.Name)).ShouldBe("login.succeeded password");
    }

    private async Task<Person> AdministratorAsync()
    {
        var admin = await fixture.PersonAsync(Roles.Admin);
        (await admin.SignInAsync())["roles"].ShouldBe(Roles.Admin);
        return admin;
    }

    /// <summary>What the form of the account sends.</summary>
    private async Task<BrowserPage> ChangeAsync(Person admin, string action, Person person, params (string Name, string Value)[] typed)
    {
        var (_, fields) = (await admin.Browser.GetAsync(List)).Form("accounts/add");
        fields["username"] = person.Name;
        typed.ToList().ForEach(field => fields[field.Name] = field.Value);
        return await admin.Browser.PostAsync(new Uri(List + "/" + action), fields);
    }
}
