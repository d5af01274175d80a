using System.Globalization;
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

/// <summary>Signs a person in for a client (OpenID Connect Core 1.0 section 3.1.2). OpenIddict has checked the request before: client, redirect URI, PKCE, scopes.</summary>
internal static class AuthorizationEndpoint
{
    private const int MaxRequest = 8 * 1024;

    public static async Task<IResult> AuthorizeAsync(
        HttpContext context, IssuerSessions sessions, IssuerPages pages, IOpenIddictApplicationManager applications, IssuerLimits limits, SignInSteps steps, LettingIn lettingIn, TimeProvider time, CancellationToken cancellationToken)
    {
        // What can't be sent to the client, because the request does not prove that it is the client's.
        if (context.GetOpenIddictServerResponse() is { Error: { } error } response)
        {
            return pages.BadRequest(error, response.ErrorDescription);
        }

        var request = context.GetOpenIddictServerRequest()!;
        try
        {
            limits.Authorize(context, request.ClientId!);
        }
        catch (ProblemException problem)
        {
            return pages.Problem(problem);
        }

        var client = (await IssuerClients.FindAsync(applications, request.ClientId!, cancellationToken))!;
        var account = await sessions.FindAsync(context);
        if (account is null || MustSignInAgain(request, account, time))
        {
            return request.HasPromptValue(PromptValues.None)
                ? Refuse(Errors.LoginRequired, "Nobody is signed in.")
                : pages.SignIn(client.DisplayName, Query(request), await steps.BeginAsync(context));
        }

        if (client.IsOnDevices)
        {
            return await lettingIn.AuthorizeAsync(context, request, account, client, cancellationToken);
        }

        await sessions.UsedForAsync(account, client.ClientId, cancellationToken);
        return Results.SignIn(IssuerClaims.Principal(account, client.Granted(request.GetScopes()), client), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    /// <summary>
    /// The sign-in page's form. It goes on by a page, not by a redirect: browsers hold every redirect after a form against form-action, and the client
    /// may lead on to others. It goes on to this issuer in any case, so whatever the field holds leads nowhere else.
    /// </summary>
    public static Task<IResult> SignInAsync(HttpContext context, SignInForm form, IssuerPages pages, IssuerClients clients, CancellationToken cancellationToken) => form.SignInAsync(
        context,
        query => pages.Continue(Again(query, fulfilled: [Parameters.Prompt, Parameters.MaxAge])),
        async (query, step) =>
        {
            var client = await clients.FindAsync(QueryHelpers.ParseQuery(query)[Parameters.ClientId].ToString(), cancellationToken);
            return pages.SignIn(client?.DisplayName, query, step);
        },
        cancellationToken);

    private static bool MustSignInAgain(OpenIddictRequest request, SignedInAccount account, TimeProvider time) =>
        request.HasPromptValue(PromptValues.Login) || request.HasPromptValue(PromptValues.SelectAccount)
        || (request.MaxAge is { } seconds && (time.GetUtcNow() - account.Since).TotalSeconds > seconds);

    /// <summary>The request as a query, however it came.</summary>
    internal static string Query(OpenIddictRequest request) =>
        QueryString.Create(request.GetParameters().Select(parameter => KeyValuePair.Create(parameter.Key, Convert.ToString(parameter.Value, CultureInfo.InvariantCulture)))).Value!.TrimStart('?');

    /// <summary>What a form of the issuer's brought back, encoded anew. Throws <see cref="ProblemException"/> 400.</summary>
    internal static QueryString Again(string query, params IReadOnlyList<string> fulfilled) => query.Length <= MaxRequest
        ? QueryString.Create(QueryHelpers.ParseQuery(query).Where(parameter => !fulfilled.Contains(parameter.Key)))
        : throw new ProblemException(StatusCodes.Status400BadRequest, "malformed_request", "The request is too long.");

    internal static IResult Refuse(string error, string description) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }),
        [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
}
