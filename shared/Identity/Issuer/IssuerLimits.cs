using IoTPlatform.Hosting;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.Server;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Limits what the issuer does for one client. Before a client has proved who it is, its address counts with it: no stranger can use up the share of a client.
/// </summary>
internal sealed class IssuerLimits(TimeProvider time)
{
    internal const int AuthorizeBurst = 300;
    internal const int TokenBurst = 600;
    internal const int FailureBurst = 20;

    private readonly RateLimiter _authorize = new(time, AuthorizeBurst, TimeSpan.FromMilliseconds(200));
    private readonly RateLimiter _token = new(time, TokenBurst, TimeSpan.FromMilliseconds(50));
    private readonly RateLimiter _failures = new(time, FailureBurst, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    /// <summary>A browser that is sent here by a client. Throws 429.</summary>
    public void Authorize(HttpContext context, string clientId) => _authorize.Reserve(Pair(context, clientId));

    /// <summary>A client that has authenticated. Throws 429.</summary>
    public void Token(string clientId) => _token.Reserve(clientId);

    /// <summary>Before a client's credentials are looked at. Throws 429.</summary>
    public void ThrowIfFailing(HttpContext context, string? clientId) => _failures.ThrowIfWaiting(Pair(context, clientId));

    public void Failed(HttpContext context, string? clientId) => _failures.TryReserve(Pair(context, clientId), out _);

    private static string Pair(HttpContext context, string? clientId) => $"{ClientAddress.Of(context)} {clientId}";
}

/// <summary>Where in OpenIddict's handling of a token request failed authentications are counted.</summary>
internal static class IssuerLimitEvents
{
    private const int First = int.MinValue;

    public static OpenIddictServerBuilder AddIssuerLimits(this OpenIddictServerBuilder server) => server
        .AddEventHandler<OpenIddictServerEvents.ValidateTokenRequestContext>(handler => handler.SetOrder(First).UseInlineHandler(request =>
        {
            var context = Context(request.Transaction);
            Limits(context).ThrowIfFailing(context, request.ClientId);
            return default;
        }))
        .AddEventHandler<OpenIddictServerEvents.ApplyTokenResponseContext>(handler => handler.SetOrder(First).UseInlineHandler(response =>
        {
            if (response.Error == OpenIddictConstants.Errors.InvalidClient)
            {
                var context = Context(response.Transaction);
                Limits(context).Failed(context, response.Request?.ClientId);
            }

            return default;
        }));

    private static HttpContext Context(OpenIddictServerTransaction transaction) => transaction.GetHttpRequest()!.HttpContext;

    private static IssuerLimits Limits(HttpContext context) => context.RequestServices.GetRequiredService<IssuerLimits>();
}
