using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Antiforgery;

namespace IoTPlatform.Identity.Portal;

/// <summary>The pages of the portal.</summary>
/// <param name="portal">Whose.</param>
/// <param name="provider">The identity provider; null on a host without one.</param>
/// <param name="isPlatform">It is the platform provider's, and only its staff has accounts there.</param>
internal sealed class PortalPages(PortalOptions portal, Oidc.OidcOptions? provider = null, bool isPlatform = false)
{
    /// <summary>When to try again while the identity provider is away.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public string Title => portal.Title;

    public PortalPage SignedIn(PortalUser user, AntiforgeryTokenSet forgery) => new(Frame("Signed in", $"""
        <section>
        <h1>Signed in</h1>
        <dl>
        <dt>Name</dt><dd id="name">{NameOf(user)}</dd>
        <dt>Account of</dt><dd id="realm">{RealmOf(user)}</dd>
        <dt>Signed in</dt><dd id="way">{WayOf(user)}</dd>
        <dt>Roles</dt><dd id="roles">{string.Join(", ", user.Roles)}</dd>
        </dl>
        {(user.Issuer is null ? $"<p><a href=\"{OwnAccountPage.Path}\">Your account: password, second factors, sessions</a></p>" : Markup.None)}
        {(user.Roles.Contains(Roles.Admin) ? $"<p><a href=\"{AccountListPage.Path}\">Accounts of this server</a></p>" : Markup.None)}
        <form method="post" action="/portal/sign-out">{Hidden(forgery)}<button class="button" type="submit">Sign out</button></form>
        </section>
        """));

    public PortalPage SignIn(SignInStep step, string returnPath) => new(
        Frame("Sign in", $"""
            <h1>Sign in</h1>
            {Alert(step.Problem)}
            {(step.Ticket is null ? WaysIn(step, returnPath) : $"<section>{LocalForm(step, returnPath)}</section>")}
            """),
        step.Status,
        step.RetryAfter);

    /// <summary>
    /// Signed out here, and on the way to the same at the identity provider. A page and not a redirect: browsers hold every redirect
    /// after a form against form-action, and a provider may redirect to further providers, which are unknown here.
    /// </summary>
    public PortalPage SigningOut(Uri provider) => new(Frame(
        "Signing out",
        $"""
            <section>
            <h1>Signed out here</h1>
            <p><a href="{provider.AbsoluteUri}">Sign out at the identity provider, too</a>: that happens by itself in a moment.</p>
            </section>
            """,
        $"""<meta http-equiv="refresh" content="0;url={provider.AbsoluteUri}">"""));

    public PortalPage SignedOutHereOnly() => new(Frame("Signed out", $"""
        <section>
        <h1>Signed out</h1>
        <p>You are signed out here. The identity provider could not be told, so you may still be signed in there: close the browser on a shared machine.</p>
        <p><a href="/portal">Back to the portal</a></p>
        </section>
        """));

    public PortalPage Failed(LoginProblem problem)
    {
        var (status, text) = LoginProblemText.Of(problem);
        return new PortalPage(
            Frame("Not signed in", $"""
                <section>
                <h1>Not signed in</h1>
                <p class="problem" role="alert">{text}</p>
                {(problem == LoginProblem.NoRole ? LoginLink("Sign in as somebody else", ReturnPath.Home, asSomebodyElse: true) : LoginLink("Try again", ReturnPath.Home))}
                <p><a href="/portal">Other ways to sign in</a></p>
                </section>
                """),
            status,
            status == 503 ? Soon : null);
    }

    public PortalPage Problem(ProblemException problem) => new(
        Frame("Problem", $"""
            <section>
            <h1>That did not work</h1>
            <p class="problem" role="alert">{problem.Message}</p>
            <p><a href="/portal">Back to the portal</a></p>
            </section>
            """),
        problem.Status,
        problem.RetryAfter);

    public Markup Frame(string title, Markup body) => Frame(title, body, Markup.None);

    public Markup Frame(string title, Markup body, Markup head) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{title} · {portal.Title}</title>
        <link rel="stylesheet" href="{PortalAsset.StylePath}">
        <link rel="icon" type="image/svg+xml" href="{PortalAsset.IconPath}">
        {head}
        </head>
        <body>
        <header>{portal.Title}</header>
        <main>
        {body}
        </main>
        </body>
        </html>
        """;

    private Markup WaysIn(SignInStep step, string returnPath)
    {
        if (provider is null)
        {
            return $"<section>{LocalForm(step, returnPath)}</section>";
        }

        if (isPlatform)
        {
            return $"""
                <section>{LocalForm(step, returnPath)}</section>
                <section><p>Staff of the platform, with an account at {provider.Issuer}</p>{LoginLink("Platform provider", returnPath)}</section>
                """;
        }

        return $"""
            <section><p>With your account at {provider.Issuer}</p>{LoginLink("Sign in", returnPath)}</section>
            <details{(step.Problem is null ? "" : " open")}><summary>Sign in with a local account of this server</summary>{LocalForm(step, returnPath)}</details>
            """;
    }

    // The public address, so that the cookie of the login is where the identity provider sends the browser back to.
    private Markup LoginLink(string text, string returnPath, bool asSomebodyElse = false) =>
        $"""<a class="button" href="{PortalAddresses.Login(portal.PublicUrl).AbsoluteUri}?return_path={Uri.EscapeDataString(returnPath)}{(asSomebodyElse ? "&as=somebody-else" : "")}">{text}</a>""";

    private static Markup LocalForm(SignInStep step, string returnPath) => SignInForm("/portal/sign-in", step, "return_path", returnPath);

    /// <summary>Asks for name and password, or for the second factor, and sends them with a field that says where to go on.</summary>
    public static Markup SignInForm(string action, SignInStep step, string field, string value)
    {
        Markup fields = $"""<input type="hidden" name="{field}" value="{value}">""";
        if (step.Ticket is { } ticket)
        {
            fields = $"""{fields}<input type="hidden" name="{SignInSteps.TicketField}" value="{ticket}">""";
            return $"""
                <p>Your password is right. Now the second factor.</p>
                <form method="post" action="{action}">{Hidden(step.Forgery)}{fields}
                {CodeField}
                <button class="button" type="submit">Sign in</button></form>
                {PasskeyForm(action, "get", step.Forgery, step.Passkey, fields, "Use a passkey")}
                """;
        }

        return $"""
            <form method="post" action="{action}">{Hidden(step.Forgery)}{fields}
            <label for="username">Name</label><input id="username" name="username" autocomplete="username" autocapitalize="none" required>
            <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
            <button class="button" type="submit">Sign in</button></form>
            {PasskeyForm(action, "get", step.Forgery, step.Passkey, fields, "Sign in with a passkey")}
            """;
    }

    /// <summary>A form that the script shows and fills; nothing without a request.</summary>
    /// <param name="action">Where it goes.</param>
    /// <param name="kind"><c>get</c> or <c>create</c>.</param>
    /// <param name="forgery">Its token.</param>
    /// <param name="request">What the browser is asked.</param>
    /// <param name="fields">More of it.</param>
    /// <param name="button">What its button says.</param>
    public static Markup PasskeyForm(string action, string kind, AntiforgeryTokenSet forgery, PasskeyRequest? request, Markup fields, string button) => request is null ? Markup.None : $"""
        <form method="post" action="{action}" data-passkey="{kind}" data-options="{request.Options}" hidden>{Hidden(forgery)}{fields}
        <input type="hidden" name="{Passkeys.StateField}" value="{request.State}"><input type="hidden" name="{Passkeys.CredentialField}" value="">
        <button class="button" type="submit">{button}</button><output class="problem"></output></form>
        <script src="{PortalAsset.PasskeyScriptPath}" defer></script>
        """;

    public static Markup CodeField => $"""<label for="code">Code of your authenticator app, or a recovery code</label><input id="code" name="{SignInSteps.CodeField}" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required>""";

    public static Markup Alert(string? problem) => problem is null ? Markup.None : $"<p class=\"problem\" role=\"alert\">{problem}</p>";

    public static Markup Hidden(AntiforgeryTokenSet forgery) => $"""<input type="hidden" name="{forgery.FormFieldName}" value="{forgery.RequestToken}">""";

    // In the audit log the prefix marks the identity provider's users; the page shows that in words.
    public static string NameOf(PortalUser user) => user.Issuer is null ? user.Name : user.Name["oidc:".Length..];

    public static string RealmOf(PortalUser user) => user.Issuer ?? "this server (local accounts)";

    public static string WayOf(PortalUser user) =>
        user.Issuer is null ? "with a local account"
        : user.IdentityProvider is null ? "at the identity provider"
        : $"at the identity provider, through {user.IdentityProvider}";
}

/// <summary>What happened and what to do next: nothing in it comes from the request.</summary>
internal static class LoginProblemText
{
    public static (int Status, string Text) Of(LoginProblem problem) => problem switch
    {
        LoginProblem.NotSetUp => (503, "The portal is not known to the identity provider yet. An administrator sets that up once (iot identity init at the provider; first boot at a tenant)."),
        LoginProblem.ProviderDown => (503, "The identity provider does not answer. Try again in a moment, or sign in with a local account."),
        LoginProblem.Misconfigured => (503, "This server is configured for another identity provider than the one that answers. An administrator finds what to set in the server's log and at /health/ready; local accounts work meanwhile."),
        LoginProblem.NoAttempt => (400, "This login was begun in another browser or window, or more than ten minutes ago. Begin again."),
        LoginProblem.AnotherAttempt => (400, "This is the answer to another login than the last one begun in this browser. Begin again, in one window."),
        LoginProblem.UsedBefore => (400, "This login has been used already. Begin again."),
        LoginProblem.Denied => (403, "The identity provider did not let you in, or you have cancelled. Try again, or ask an administrator."),
        LoginProblem.NoRole => (403, "You are signed in at the identity provider, but have no role here. Ask an administrator for cdm-viewer, cdm-operator or cdm-admin, or sign in as somebody else."),
        LoginProblem.Malformed => (400, "The identity provider's answer can't be read. Begin again."),
        _ => (403, "The identity provider's answer can't be accepted. Begin again; when it happens again, the server's log has the reason."),
    };
}
