using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>What a sign-in page shows next.</summary>
internal sealed record SignInStep
{
    public required AntiforgeryTokenSet Forgery { get; init; }

    /// <summary>The password was right, and this says so to the next step; null: name and password are asked for.</summary>
    public string? Ticket { get; init; }

    /// <summary>For a passkey's answer; null: the account of the ticket has none, or no browser has any for this server's address.</summary>
    public PasskeyRequest? Passkey { get; init; }

    public string? Problem { get; init; }

    public int Status { get; init; } = StatusCodes.Status200OK;

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Signs a person in by forms, wherever they are shown: name and password, then a second factor where the account has one; or a passkey. A step knows the one before by a protected ticket.</summary>
internal sealed class SignInSteps(LoginService logins, AccountStore accounts, SecondFactors factors, Passkeys passkeys, ProtectedText protection, PortalCookie cookie, PortalForgery forgery)
{
    public const string TicketField = "ticket";
    public const string CodeField = "code";
    private const string Purpose = "sign-in";
    private static readonly TimeSpan TicketLifetime = TimeSpan.FromMinutes(5);

    public async Task<SignInStep> BeginAsync(HttpContext context) => new() { Forgery = forgery.TokensFor(context, session: null), Passkey = await passkeys.RequestAsync(context, account: null) };

    /// <summary>Null: signed in, in place of whatever session the browser had. Throws <see cref="ProblemException"/> for a form that is none of ours.</summary>
    public async Task<SignInStep?> ContinueAsync(HttpContext context)
    {
        await forgery.RequireAsync(context, session: null);
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var ticket = form[TicketField].ToString();
        try
        {
            return ticket.Length > 0 ? await SecondAsync(context, form, ticket)
                : form.ContainsKey(Passkeys.CredentialField) ? await SignInAsync(context, await passkeys.RequireAsync(context, form, account: null), SignInMethod.Passkey)
                : await FirstAsync(context, form["username"].ToString(), form["password"].ToString());
        }
        catch (ProblemException e) when (e.Status is 401 or 429)
        {
            // 401 would ask for a header that no browser sends for a form (RFC 9110 section 15.5.2).
            var status = e.Status == 401 ? StatusCodes.Status403Forbidden : e.Status;
            var step = e.Code != "login_failed" && await AccountOfAsync(ticket, context.RequestAborted) is { } account ? await SecondStepAsync(context, account) : await BeginAsync(context);
            return step with { Problem = e.Message, Status = status, RetryAfter = e.RetryAfter };
        }
    }

    private async Task<SignInStep?> FirstAsync(HttpContext context, string username, string password)
    {
        var account = await logins.CheckPasswordAsync(username, password, context.Connection.RemoteIpAddress, context.RequestAborted);
        return account.HasSecondFactor ? await SecondStepAsync(context, account) : await SignInAsync(context, account, SignInMethod.Password);
    }

    private async Task<SignInStep> SecondStepAsync(HttpContext context, Account account)
    {
        var passkey = await passkeys.RequestAsync(context, account);
        return new SignInStep { Forgery = forgery.TokensFor(context, session: null), Ticket = TicketOf(account), Passkey = passkey };
    }

    private async Task<SignInStep?> SecondAsync(HttpContext context, IFormCollection form, string ticket)
    {
        if (await AccountOfAsync(ticket, context.RequestAborted) is not { } account)
        {
            throw new ProblemException(401, "login_failed", "That took too long. Sign in again.");
        }

        if (form.ContainsKey(Passkeys.CredentialField))
        {
            return await SignInAsync(context, await passkeys.RequireAsync(context, form, account), SignInMethod.PasswordAndPasskey);
        }

        var method = await factors.RequireAsync(account, form[CodeField].ToString(), ClientAddress.Of(context), context.RequestAborted);
        return await SignInAsync(context, account, method);
    }

    private async Task<SignInStep?> SignInAsync(HttpContext context, Account account, string method)
    {
        var token = await logins.OpenAsync(account, method, context.Connection.RemoteIpAddress, context.RequestAborted);
        await cookie.SignInAsync(context, new PortalSession(token, isLocal: true));
        return null;
    }

    // The password's hash is part of it: a ticket for a password that was replaced is worth nothing.
    private string TicketOf(Account account) => protection.Protect($"{account.Subject:D} {Fingerprint(account)}", TicketLifetime, Purpose);

    private async Task<Account?> AccountOfAsync(string ticket, CancellationToken cancellationToken) =>
        protection.Read(ticket, Purpose)?.Split(' ') is [var subject, var fingerprint]
        && await accounts.FindAsync(Guid.Parse(subject), cancellationToken) is { PasswordHash: not null } account && Fingerprint(account) == fingerprint
            ? account
            : null;

    private static string Fingerprint(Account account) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(account.PasswordHash!)));
}
