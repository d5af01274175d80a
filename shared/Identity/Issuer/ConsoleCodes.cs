using Microsoft.AspNetCore;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Server;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Answers a program that no browser comes back to on a page: the person types the code in.</summary>
internal static class ConsoleCodes
{
    /// <summary>A person carries it over.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>After OpenIddict has found where the answer goes to, and before it sends a browser there.</summary>
    private const int BetweenAddressAndRedirect = 0;

    public static OpenIddictServerBuilder ShowConsoleCodes(this OpenIddictServerBuilder server) => server
        .AddEventHandler<OpenIddictServerEvents.ApplyAuthorizationResponseContext>(handler => handler.SetOrder(BetweenAddressAndRedirect).UseInlineHandler(async answer =>
        {
            if (answer.RedirectUri != StepClient.Console)
            {
                return;
            }

            var context = answer.Transaction.GetHttpRequest()!.HttpContext;
            await context.RequestServices.GetRequiredService<IssuerPages>().ConsoleCode(answer.Response.Code).ExecuteAsync(context);
            answer.HandleRequest();
        }));
}
