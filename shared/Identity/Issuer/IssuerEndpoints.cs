using IoTPlatform.Contracts.Identity;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Issuer;

/// <summary>The issuer's addresses. Anonymous for the router: OpenIddict authenticates clients, and the pages read the portal's cookie.</summary>
internal static class IssuerEndpoints
{
    private const int MaxForm = 32 * 1024;

    // The protocol's endpoints take requests from everywhere, as browsers and servers send them.
    private static readonly string[] GetAndPost = [HttpMethods.Get, HttpMethods.Post];

    public static void MapIssuerEndpoints(this IEndpointRouteBuilder app, IssuerPaths paths)
    {
        app.MapMethods(paths.Authorization, GetAndPost, AuthorizationEndpoint.AuthorizeAsync).AsIssuers();
        app.MapPost(paths.Token, TokenExchange.ExchangeAsync).AsIssuers();
        app.MapMethods(paths.UserInfo, GetAndPost, UserInfoEndpoint.ShowAsync).AsIssuers();
        app.MapMethods(paths.EndSession, GetAndPost, EndSessionEndpoint.EndAsync).AsIssuers();
        app.MapGet(paths.Verification, VerificationEndpoint.ShowAsync).AsIssuers();
        app.MapPost(paths.Verification, VerificationEndpoint.DecideAsync).AsIssuers();
        app.MapPost(paths.DeviceSignIn, VerificationEndpoint.SignInAsync).AsIssuers();
        app.MapPost(paths.SignIn, AuthorizationEndpoint.SignInAsync).AsIssuers();
        app.MapPost(paths.LetIn, LettingIn.DecideAsync).AsIssuers();
        app.MapPost(paths.SignOut, EndSessionEndpoint.ConfirmAsync).AsIssuers();

        app.MapPost("/portal/admin/identity/rotate-keys", RotateKeysAsync).RequireAuthorization(Policies.Admin);
        app.MapServiceAccounts();

        // OpenIddict answers these before the endpoint is run; what no route has is answered 404 before that.
        app.MapGet(paths.Discovery, Unanswered).AsIssuers();
        app.MapGet(paths.Keys, Unanswered).AsIssuers();
        app.MapPost(paths.DeviceAuthorization, Unanswered).AsIssuers();
        app.MapPost(paths.Revocation, Unanswered).AsIssuers();
        app.MapPost(paths.Introspection, Unanswered).AsIssuers();
    }

    private static async Task<Ok<RotatedKeys>> RotateKeysAsync(HttpContext context, IssuerKeys keys, CancellationToken cancellationToken)
    {
        var next = await keys.RotateAsync(context.User.Identity!.Name!, cancellationToken);
        return TypedResults.Ok(new RotatedKeys { KeyId = next.Id, SignsFrom = next.SignsFrom });
    }

    private static void AsIssuers(this RouteHandlerBuilder endpoint) => endpoint.AllowAnonymous().ExcludeFromDescription().DisableAntiforgery().WithMetadata(new RequestSizeLimitAttribute(MaxForm));

    private static IResult Unanswered() => Results.BadRequest();
}
