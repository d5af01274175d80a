using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Where a person lets a device in that shows a code (RFC 8628 section 3.3). Whoever sent the code may be an attacker (section 5.4): nothing happens
/// without a sign-in and a click on a page that says what the device gets.
/// </summary>
internal static class VerificationEndpoint
{
    private const string Done = "done";
    private const string Decision = "decision";
    private const string Allow = "allow";

    public static async Task<IResult> ShowAsync(
        HttpContext context, IssuerSessions sessions, IssuerPages pages, IssuerClients clients, IssuerLimits limits, PortalForgery forgery, SignInSteps steps, CancellationToken cancellationToken)
    {
        if (context.GetOpenIddictServerResponse() is { Error: { } error } response)
        {
            return pages.BadRequest(error, response.ErrorDescription);
        }

        if (context.Request.Query.TryGetValue(Done, out var done))
        {
            return pages.DeviceDone(done == Allow);
        }

        var code = context.GetOpenIddictServerRequest()!.UserCode;
        if (await sessions.FindAsync(context) is not { } account)
        {
            return pages.DeviceSignIn(code is null ? "" : Query(code), await steps.BeginAsync(context));
        }

        try
        {
            return code is null ? pages.DeviceCode()
                : await RequestedAsync(context, clients, limits, cancellationToken) is var (_, client) ? pages.DeviceConfirm(account.Username, client, code, forgery.TokensFor(context, sessions.Current(context)))
                : pages.DeviceCode("There is no such code, or its time is over. Look at it again, or begin again at the device.");
        }
        catch (ProblemException problem)
        {
            return pages.Problem(problem);
        }
    }

    public static async Task<IResult> DecideAsync(
        HttpContext context, IssuerSessions sessions, IssuerPages pages, IssuerClients clients, IssuerLimits limits, PortalForgery forgery, CancellationToken cancellationToken)
    {
        try
        {
            await forgery.RequireAsync(context, sessions.Current(context));
            if (await sessions.FindAsync(context) is not { } account || await RequestedAsync(context, clients, limits, cancellationToken) is not var (requested, client))
            {
                return pages.DeviceCode("There is no such code, or its time is over. Look at it again, or begin again at the device.");
            }

            var allowed = (await context.Request.ReadFormAsync(cancellationToken))[Decision] == Allow;
            var after = new AuthenticationProperties { RedirectUri = $"{context.Request.PathBase}{context.Request.Path}?{Done}={(allowed ? Allow : "deny")}" };
            if (!allowed)
            {
                return Results.Forbid(after, [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
            }

            return await sessions.OpenForAsync(account, client.ClientId, "device", cancellationToken) is { } device
                ? Results.SignIn(IssuerClaims.Principal(device, requested.GetScopes(), client), after, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)
                : pages.DeviceCode("Your session has ended. Sign in again, and enter the code again.");
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return pages.Problem(problem);
        }
    }

    public static Task<IResult> SignInAsync(HttpContext context, SignInForm form, IssuerPages pages, CancellationToken cancellationToken) => form.SignInAsync(
        context,
        query => pages.DeviceContinue(QueryHelpers.ParseQuery(query).TryGetValue(Parameters.UserCode, out var code) ? Query(code.ToString()) : ""),
        (query, step) => Task.FromResult(pages.DeviceSignIn(query, step)),
        cancellationToken);

    /// <summary>Null: the code is none. Throws 429 for a caller who tries one after the other.</summary>
    private static async Task<(System.Security.Claims.ClaimsPrincipal Requested, IssuerClient Client)?> RequestedAsync(
        HttpContext context, IssuerClients clients, IssuerLimits limits, CancellationToken cancellationToken)
    {
        limits.ThrowIfGuessing(context);
        if ((await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal is { } requested
            && requested.GetClaim(Claims.ClientId) is { } clientId && await clients.FindAsync(clientId, cancellationToken) is { } client)
        {
            return (requested, client);
        }

        limits.Guessed(context);
        return null;
    }

    private static string Query(string code) => QueryString.Create(Parameters.UserCode, code).Value!.TrimStart('?');
}
