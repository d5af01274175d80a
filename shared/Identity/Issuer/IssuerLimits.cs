using IoTPlatform.Hosting;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Limits what the issuer does for one client. Before a client has proved who it is, its address counts with it: no stranger can use up the share of a client.
/// </summary>
internal sealed class IssuerLimits(TimeProvider time)
{
    internal const int AuthorizeBurst = 300;
    internal const int TokenBurst = 600;
    internal const int FailureBurst = 20;
    private const int LongestClientId = 100;

    private readonly RateLimiter _authorize = new(time, AuthorizeBurst, TimeSpan.FromMilliseconds(200));
    private readonly RateLimiter _token = new(time, TokenBurst, TimeSpan.FromMilliseconds(50));
    internal const int DeviceBurst = 20;
    internal const int GuessBurst = 10;
    internal const int PollBurst = 60;

    private readonly RateLimiter _devices = new(time, DeviceBurst, TimeSpan.FromSeconds(5));
    private readonly RateLimiter _polls = new(time, PollBurst, TimeSpan.FromSeconds(1));
    private readonly RateLimiter _guesses = new(time, GuessBurst, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(15));
    private readonly RateLimiter _failures = new(time, FailureBurst, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    /// <summary>A browser that is sent here by a client. Throws 429.</summary>
    public void Authorize(HttpContext context, string clientId) => _authorize.Reserve(Pair(context, clientId));

    /// <summary>A client that has authenticated. Throws 429.</summary>
    public void Token(HttpContext context, string clientId) => _token.Reserve(IssuerScopes.IsPublic(clientId) ? Pair(context, clientId) : clientId); // Everybody's: the address counts with it.

    /// <summary>Before a client's credentials are looked at. Throws 429.</summary>
    public void ThrowIfFailing(HttpContext context, string? clientId) => _failures.ThrowIfWaiting(Pair(context, clientId));

    public void Failed(HttpContext context, string? clientId) => _failures.TryReserve(Pair(context, clientId), out _);

    /// <summary>A device that asks for a code, which any caller may. Throws 429.</summary>
    public void Device(HttpContext context) => _devices.Reserve(ClientAddress.Of(context));

    /// <summary>A device that asks whether it has been let in (RFC 8628 section 3.5). Throws 429.</summary>
    public void Poll(HttpContext context) => _polls.Reserve(ClientAddress.Of(context));

    /// <summary>Before a device's code is looked at. Throws 429.</summary>
    public void ThrowIfGuessing(HttpContext context) => _guesses.ThrowIfWaiting(ClientAddress.Of(context));

    /// <summary>It was none (RFC 8628 section 5.1).</summary>
    public void Guessed(HttpContext context) => _guesses.TryReserve(ClientAddress.Of(context), out _);

    // No client has so long an id: a caller's inventions share one place, and no memory.
    private static string Pair(HttpContext context, string? clientId) => $"{ClientAddress.Of(context)} {(clientId is { Length: > LongestClientId } ? "?" : clientId)}";
}

/// <summary>Where in OpenIddict's handling of requests they are counted that come to no endpoint of ours.</summary>
internal static class IssuerLimitEvents
{
    private const int First = int.MinValue;

    public static OpenIddictServerBuilder AddIssuerLimits(this OpenIddictServerBuilder server) => server
        .AddEventHandler<OpenIddictServerEvents.ValidateTokenRequestContext>(handler => handler.SetOrder(First).UseInlineHandler(request =>
        {
            var context = Context(request.Transaction);
            Limits(context).ThrowIfFailing(context, request.ClientId);
            if (request.Request.IsDeviceCodeGrantType())
            {
                Limits(context).Poll(context);
            }

            return default;
        }))
        .AddEventHandler<OpenIddictServerEvents.ValidateDeviceAuthorizationRequestContext>(handler => handler.SetOrder(First).UseInlineHandler(request =>
        {
            var context = Context(request.Transaction);
            Limits(context).Device(context);
            return default;
        }))
        .AddEventHandler<OpenIddictServerEvents.ApplyTokenResponseContext>(handler => handler.SetOrder(First).UseInlineHandler(response =>
        {
            // A client without a secret proves itself by what it was given.
            if (response.Error == Errors.InvalidClient || (response.Error is Errors.InvalidGrant or Errors.InvalidToken && IssuerScopes.IsPublic(response.Request?.ClientId)))
            {
                var context = Context(response.Transaction);
                Limits(context).Failed(context, response.Request?.ClientId);
            }

            return default;
        }));

    private static HttpContext Context(OpenIddictServerTransaction transaction) => transaction.GetHttpRequest()!.HttpContext;

    private static IssuerLimits Limits(HttpContext context) => context.RequestServices.GetRequiredService<IssuerLimits>();
}
