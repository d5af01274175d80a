using System.Globalization;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>All local accounts, each with what an administrator does with it. No password is ever shown or typed here.</summary>
internal sealed class AccountListPage(PortalPages pages, PortalOptions portal, IReadOnlyList<AccountView> accounts, AntiforgeryTokenSet forgery)
{
    public const string Path = "/portal/accounts";

    public PortalPage Show(string administrator, ProblemException? problem)
    {
        var rows = Markup.None;
        foreach (var account in accounts)
        {
            rows.AppendFormatted(Account(account, account.Username == administrator));
        }

        Markup username = $"""<label for="username">Name</label><input id="username" name="username" autocomplete="off" autocapitalize="none" required>{RoleField("new-role", Roles.Viewer)}""";
        return new PortalPage(
            pages.Frame("Accounts", $"""
                <h1>Accounts of this server</h1>
                {PortalPages.Alert(problem?.Message)}
                {rows}
                <section><h2>Add an account</h2>
                <p>You get a link, for its person to choose a password by. It works once, for a day.</p>
                {Form("add", "Add it", username)}
                </section>
                <p><a href="{ReturnPath.Home}">Back to the portal</a></p>
                """),
            problem?.Status ?? StatusCodes.Status200OK,
            problem?.RetryAfter);
    }

    public PortalPage Link(string username, string token, DateTimeOffset until) => new(pages.Frame("A link for its person", $"""
        <section>
        <h1>A link for {username}</h1>
        <p>Whoever opens it chooses the password, once, until {Time(until)}. It is shown only now: hand it over where nobody else reads it.</p>
        <p><code id="link">{InvitationPage.Link(portal.PublicUrl, token).AbsoluteUri}</code></p>
        <p><a class="button" href="{Path}">I have it</a></p>
        </section>
        """));

    private Markup Account(AccountView account, bool isOwn)
    {
        Markup which = $"""<input type="hidden" name="username" value="{account.Username}">""";
        var state = account.DisabledAt is not null ? "disabled" : account.InvitedUntil is not null ? "invited" : isOwn ? "you" : "";
        return $"""
            <details><summary>{account.Username} <span class="muted">{string.Join(", ", account.Roles)}{(state.Length == 0 ? "" : $", {state}")}</span></summary>
            <dl>
            <dt>Since</dt><dd>{Time(account.CreatedAt)}</dd>
            <dt>Last sign-in</dt><dd>{Time(account.LastLogin)}</dd>
            <dt>Second factors</dt><dd>{(account.SecondFactors.Count == 0 ? "none" : string.Join(", ", account.SecondFactors))}</dd>
            <dt>Link until</dt><dd>{Time(account.InvitedUntil)}</dd>
            </dl>
            {Form("roles", "Change the role", $"{which}{RoleField("role-" + account.Username, account.Roles[0])}")}
            {Form("reset", "End the password, make a link", which)}
            {(account.SecondFactors.Count == 0 ? Markup.None : Form("reset-factors", "Remove the second factors", which))}
            {(account.DisabledAt is null ? Form("disable", "Disable", which) : Form("enable", "Enable", which))}
            </details>
            """;
    }

    private static Markup RoleField(string id, string selected)
    {
        var options = Markup.None;
        foreach (var role in Roles.All)
        {
            options.AppendFormatted($"""<option value="{role}"{(role == selected ? " selected" : "")}>{role}</option>""");
        }

        return $"""<label for="{id}">Role</label><select id="{id}" name="role">{options}</select>""";
    }

    private Markup Form(string action, string button, Markup fields) =>
        $"""<form method="post" action="{Path}/{action}">{PortalPages.Hidden(forgery)}{fields}<button class="button" type="submit">{button}</button></form>""";

    private static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) ?? "–";
}
