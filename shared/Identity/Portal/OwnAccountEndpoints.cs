using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Portal;

/// <summary>The account page of whoever is signed in with a local account. Anonymous for the router: each handler reads the portal's cookie itself, and every form has its anti-forgery token.</summary>
internal static class OwnAccountEndpoints
{
    private const int MaxForm = 64 * 1024;

    public static void MapOwnAccount(this IEndpointRouteBuilder portal)
    {
        var pages = portal.MapGroup("/account").AllowAnonymous();
        pages.MapGet("", ShowAsync);
        Form("/confirm", ConfirmAsync);
        Form("/password", ChangePasswordAsync);
        Form("/authenticator", BeginAuthenticatorAsync);
        Form("/authenticator/add", AddAuthenticatorAsync);
        Form("/authenticator/remove", (call, own) => DoneAsync(call, own.RemoveAuthenticatorAsync(call.Session, call.Aborted)));
        Form("/passkeys", AddPasskeyAsync);
        Form("/passkeys/remove", RemovePasskeyAsync);
        Form("/recovery-codes", async (call, own) => call.Page.Codes(await own.NewRecoveryCodesAsync(call.Session, call.Aborted)));
        Form("/sessions/end", EndSessionsAsync);

        void Form(string path, Func<OwnAccountCall, OwnAccount, Task<IResult>> handle) => pages.MapPost(path, (HttpContext context, OwnAccountCalls calls, OwnAccount own) =>
            calls.HandleAsync(context, call => handle(call, own))).WithMetadata(new RequestSizeLimitAttribute(MaxForm));
    }

    private static Task<IResult> ShowAsync(HttpContext context, OwnAccountCalls calls) => calls.ShowAsync(context);

    /// <summary>As a sign-in asks, and with its limits: password, and the second factor where there is one.</summary>
    private static async Task<IResult> ConfirmAsync(OwnAccountCall call, OwnAccount own)
    {
        var services = call.Context.RequestServices;
        if (call.Form.ContainsKey(Passkeys.CredentialField))
        {
            // An authenticator verifies its user: it stands for both factors.
            var owner = await services.GetRequiredService<AccountStore>().FindAsync(call.Account.Subject, call.Aborted) ?? throw OwnAccount.NotConfirmed();
            await services.GetRequiredService<Passkeys>().RequireAsync(call.Context, call.Form, owner);
            return await DoneAsync(call, own.ConfirmAsync(call.Session, call.Account.Username, SignInMethod.Passkey, call.Aborted));
        }

        var account = await services.GetRequiredService<LoginService>().CheckPasswordAsync(call.Account.Username, call.Field("password"), call.Context.Connection.RemoteIpAddress, call.Aborted);
        var method = account.HasSecondFactor
            ? await services.GetRequiredService<SecondFactors>().RequireAsync(account, call.Field(SignInSteps.CodeField), ClientAddress.Of(call.Context), call.Aborted)
            : SignInMethod.Password;
        return await DoneAsync(call, own.ConfirmAsync(call.Session, call.Account.Username, method, call.Aborted));
    }

    private static Task<IResult> ChangePasswordAsync(OwnAccountCall call, OwnAccount own)
    {
        var password = call.Field("password");
        var problem = password != call.Field("again") ? "The two are not the same." : PasswordRules.Problem(password, call.Account.Username);
        return problem is null
            ? DoneAsync(call, own.ChangePasswordAsync(call.Session, password, call.Aborted))
            : throw new ProblemException(StatusCodes.Status422UnprocessableEntity, "bad_password", problem);
    }

    private static Task<IResult> BeginAuthenticatorAsync(OwnAccountCall call, OwnAccount own)
    {
        var (secret, ticket) = own.NewAuthenticator(call.Session);
        return Task.FromResult<IResult>(call.Account.IsConfirmed ? call.Page.Authenticator(secret, ticket) : throw OwnAccount.NotConfirmed());
    }

    private static async Task<IResult> AddAuthenticatorAsync(OwnAccountCall call, OwnAccount own)
    {
        var ticket = call.Field(SignInSteps.TicketField);
        if (own.Enrolled(call.Session, ticket) is not { } secret)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "stale_form", "That took too long. Begin again.");
        }

        try
        {
            var codes = await own.AddAuthenticatorAsync(call.Session, secret, call.Field(SignInSteps.CodeField), call.Aborted);
            return codes is null ? new PortalRedirect(OwnAccountPage.Path) : call.Page.Codes(codes);
        }
        catch (ProblemException e) when (e.Code == "code_refused")
        {
            return call.Page.Authenticator(secret, ticket, e);
        }
    }

    private static async Task<IResult> AddPasskeyAsync(OwnAccountCall call, OwnAccount own)
    {
        var passkey = await call.Context.RequestServices.GetRequiredService<Passkeys>().MadeAsync(call.Context, call.Form, call.Session);
        var codes = await own.AddPasskeyAsync(call.Session, passkey, call.Field("name"), call.Aborted);
        return codes is null ? new PortalRedirect(OwnAccountPage.Path) : call.Page.Codes(codes);
    }

    private static Task<IResult> RemovePasskeyAsync(OwnAccountCall call, OwnAccount own) => call.Account.Passkeys.FirstOrDefault(p => p.Id == call.Field("passkey")) is { } passkey
        ? DoneAsync(call, own.RemovePasskeyAsync(call.Session, passkey.CredentialId, call.Aborted))
        : throw OwnAccount.NoSuchPasskey();

    private static Task<IResult> EndSessionsAsync(OwnAccountCall call, OwnAccount own) =>
        DoneAsync(call, call.Context.RequestServices.GetRequiredService<OwnSessions>().EndAsync(call.Account, call.Field("session") is { Length: > 0 } name ? name : null, call.Session, call.Aborted));

    private static async Task<IResult> DoneAsync(OwnAccountCall call, Task change)
    {
        await change;
        return new PortalRedirect(OwnAccountPage.Path);
    }
}
