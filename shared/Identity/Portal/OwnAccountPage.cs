using System.Globalization;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>A person's own account: password, second factors, sessions. What changes the account is offered only right after the person was asked again.</summary>
internal sealed class OwnAccountPage(PortalPages pages, OwnAccountView account, byte[] current, AntiforgeryTokenSet forgery, PasskeyRequest? passkey)
{
    public const string Path = "/portal/account";

    public PortalPage Show(ProblemException? problem = null) => new(
        pages.Frame("Your account", $"""
            <h1>Your account <span id="account">{account.Username}</span></h1>
            {PortalPages.Alert(problem?.Message)}
            {(account.IsConfirmed ? Password() : Confirm())}
            {(account.IsConfirmed ? Factors() : Section("Second factors", FactorList()))}
            {Sessions()}
            <p><a href="{ReturnPath.Home}">Back to the portal</a></p>
            """),
        problem is null ? StatusCodes.Status200OK : problem.Status == StatusCodes.Status401Unauthorized ? StatusCodes.Status403Forbidden : problem.Status,
        problem?.RetryAfter);

    /// <summary>The secret as a QR code and for typing, and the form for the app's first code.</summary>
    public PortalPage Authenticator(byte[] secret, string ticket, ProblemException? problem = null) => new(
        pages.Frame("Authenticator app", $"""
            <h1>Authenticator app</h1>
            {PortalPages.Alert(problem?.Message)}
            <section>
            <p>Scan this with the app, or type the key into it.</p>
            {QrCode.Svg(Totp.Uri(pages.Title, account.Username, secret), "QR code of the key below")}
            <p>Key: <code id="secret">{Totp.Text(secret)}</code></p>
            <form method="post" action="{Path}/authenticator/add">{PortalPages.Hidden(forgery)}<input type="hidden" name="{SignInSteps.TicketField}" value="{ticket}">
            <label for="code">The code that the app shows now</label><input id="code" name="{SignInSteps.CodeField}" autocomplete="one-time-code" inputmode="numeric" required>
            <button class="button" type="submit">Use this app</button></form>
            <p><a href="{Path}">Cancel</a></p>
            </section>
            """),
        problem?.Status ?? StatusCodes.Status200OK);

    public PortalPage Codes(IReadOnlyList<string> codes) => new(pages.Frame("Recovery codes", $"""
        <section>
        <h1>Your recovery codes</h1>
        <p>Each lets you in once, with your password, when you have lost your second factor. They are shown only now: print them, or keep them where you keep passwords.</p>
        <pre id="codes">{string.Join('\n', codes)}</pre>
        <p><a class="button" href="{Path}">I have them</a></p>
        </section>
        """));

    private Markup Confirm()
    {
        Markup fields = $"""
            <input type="text" name="username" value="{account.Username}" autocomplete="username" readonly hidden>
            <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
            {(account.HasSecondFactor ? PortalPages.CodeField : Markup.None)}
            """;
        var byPasskey = PortalPages.PasskeyForm(Path + "/confirm", "get", forgery, passkey, Markup.None, "Use a passkey");
        return Section("Change something", $"<p>To change password or second factors, say again who you are.</p>{Form("confirm", "Continue", fields)}{byPasskey}");
    }

    private Markup Password() => Section("Password", Form("password", "Change it", $"""
        <input type="text" name="username" value="{account.Username}" autocomplete="username" readonly hidden>
        <label for="new-password">New password, at least {PasswordRules.MinLength.ToString(CultureInfo.InvariantCulture)} characters</label><input id="new-password" name="password" type="password" autocomplete="new-password" required>
        <label for="again">The same again</label><input id="again" name="again" type="password" autocomplete="new-password" required>
        """));

    private Markup Factors() => Section("Second factors", $"""
        {FactorList()}
        {Form("authenticator", account.AuthenticatorSince is null ? "Add an authenticator app" : "Use another authenticator app")}
        {(account.AuthenticatorSince is null ? Markup.None : Form("authenticator/remove", "Remove the authenticator app"))}
        {Passkeys()}
        {(account.HasSecondFactor ? Form("recovery-codes", "New recovery codes") : Markup.None)}
        <p>Every change here, and of the password, signs you out everywhere else.</p>
        """);

    private Markup FactorList() => $"""
        <dl>
        <dt>Authenticator app</dt><dd id="authenticator">{(account.AuthenticatorSince is { } since ? $"since {Time(since)}" : "none")}</dd>
        <dt>Passkeys</dt><dd id="passkeys">{(account.Passkeys.Count == 0 ? "none" : string.Join(", ", account.Passkeys.Select(p => p.Name)))}</dd>
        <dt>Recovery codes left</dt><dd id="recovery-codes">{account.RecoveryCodes.ToString(CultureInfo.InvariantCulture)}</dd>
        </dl>
        """;

    private Markup Passkeys()
    {
        var rows = Markup.None;
        foreach (var own in account.Passkeys)
        {
            Markup which = $"""<input type="hidden" name="passkey" value="{own.Id}">""";
            var used = own.LastUsed is { } last ? Time(last) : "never";
            rows.AppendFormatted($"<tr><td>{own.Name}</td><td>{Time(own.AddedAt)}</td><td>{used}</td><td>{Form("passkeys/remove", "Remove", which)}</td></tr>");
        }

        Markup table = $"""
            <div class="wide" tabindex="0" role="region" aria-label="Passkeys"><table>
            <thead><tr><th>Passkey</th><th>Since</th><th>Last used</th><td></td></tr></thead>
            <tbody>{rows}</tbody>
            </table></div>
            """;
        Markup name = $"""<label for="passkey-name">Add a passkey, called</label><input id="passkey-name" name="name" maxlength="64" value="passkey {(account.Passkeys.Count + 1).ToString(CultureInfo.InvariantCulture)}">""";
        return $"""
            {(account.Passkeys.Count == 0 ? Markup.None : table)}
            {PortalPages.PasskeyForm(Path + "/passkeys", "create", forgery, passkey, name, "Add it")}
            """;
    }

    private Markup Sessions()
    {
        var rows = Markup.None;
        foreach (var session in account.Sessions)
        {
            Markup which = $"""<input type="hidden" name="session" value="{session.Name}">""";
            var end = session.Hash.AsSpan().SequenceEqual(current) ? $"this one" : Form("sessions/end", "End", which);
            rows.AppendFormatted($"<tr><td>{Time(session.Since)}</td><td>{session.Method}</td><td>{session.Address ?? "unknown"}</td><td>{string.Join(", ", session.Clients)}</td><td>{end}</td></tr>");
        }

        return Section("Sessions", $"""
            <div class="wide" tabindex="0" role="region" aria-label="Sessions"><table>
            <thead><tr><th>Since</th><th>With</th><th>From</th><th>Used for</th><td></td></tr></thead>
            <tbody>{rows}</tbody>
            </table></div>
            {Form("sessions/end", "End all others")}
            """);
    }

    private static Markup Section(string title, Markup content) => $"<section><h2>{title}</h2>{content}</section>";

    private Markup Form(string action, string button) => Form(action, button, Markup.None);

    private Markup Form(string action, string button, Markup fields) =>
        $"""<form method="post" action="{Path}/{action}">{PortalPages.Hidden(forgery)}{fields}<button class="button" type="submit">{button}</button></form>""";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
