using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>One request of the account page, by whom.</summary>
internal sealed class OwnAccountCall(HttpContext context, IFormCollection form, byte[] session, OwnAccountView account, OwnAccountPage page)
{
    public HttpContext Context => context;

    /// <summary>The hash of its token.</summary>
    public byte[] Session => session;

    public OwnAccountView Account => account;

    public OwnAccountPage Page => page;

    public CancellationToken Aborted => context.RequestAborted;

    public IFormCollection Form => form;

    public string Field(string name) => form[name].ToString();
}

/// <summary>What every request of the account page begins and ends with: whose session, a form that this browser was given, and problems shown on the page.</summary>
internal sealed class OwnAccountCalls(PortalCookie cookie, PortalForgery forgery, PortalPages pages, OwnSessions sessions, AccountStore accounts, Passkeys passkeys)
{
    public async Task<IResult> ShowAsync(HttpContext context) =>
        cookie.Read(context) is { IsLocal: true } session && await PageAsync(context, session) is var (page, _)
            ? page.Show()
            : new PortalRedirect($"{ReturnPath.Home}?return_path={OwnAccountPage.Path}");

    public async Task<IResult> HandleAsync(HttpContext context, Func<OwnAccountCall, Task<IResult>> handle)
    {
        if (cookie.Read(context) is not { IsLocal: true } session)
        {
            return new PortalRedirect(ReturnPath.Home);
        }

        await forgery.RequireAsync(context, session);
        if (await PageAsync(context, session) is not var (page, account))
        {
            return new PortalRedirect(ReturnPath.Home);
        }

        try
        {
            return await handle(new OwnAccountCall(context, await context.Request.ReadFormAsync(context.RequestAborted), SessionToken.Hash(session.Token), account, page));
        }
        catch (ProblemException problem) when (problem.Status < 500)
        {
            return page.Show(problem);
        }
    }

    /// <summary>Null: the session has ended.</summary>
    private async Task<(OwnAccountPage Page, OwnAccountView Account)?> PageAsync(HttpContext context, PortalSession session)
    {
        var hash = SessionToken.Hash(session.Token);
        if (await sessions.FindAsync(hash, context.RequestAborted) is not { } account)
        {
            return null;
        }

        var passkey = account.IsConfirmed ? await passkeys.NewAsync(context, account, hash)
            : account.Passkeys.Count > 0 && await accounts.FindAsync(account.Subject, context.RequestAborted) is { } owner ? await passkeys.RequestAsync(context, owner)
            : null;
        return (new OwnAccountPage(pages, account, hash, forgery.TokensFor(context, session), passkey), account);
    }
}
