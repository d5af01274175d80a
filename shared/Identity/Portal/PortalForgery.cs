using System.Security.Claims;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>Anti-forgery tokens of the portal's forms, bound to the browser and, after sign-in, to the session.</summary>
internal sealed class PortalForgery(IAntiforgery antiforgery)
{
    public AntiforgeryTokenSet TokensFor(HttpContext context, PortalSession? session)
    {
        context.User = session?.ToPrincipal() ?? new ClaimsPrincipal();
        return antiforgery.GetAndStoreTokens(context);
    }

    /// <summary>Throws <see cref="ProblemException"/> 400 <c>stale_form</c> for a form that this browser was not given.</summary>
    public async Task RequireAsync(HttpContext context, PortalSession? session)
    {
        context.User = session?.ToPrincipal() ?? new ClaimsPrincipal();
        try
        {
            await antiforgery.ValidateRequestAsync(context);
        }
        catch (AntiforgeryValidationException e)
        {
            throw new ProblemException(400, "stale_form", "This form is too old or from elsewhere. Open the portal again and repeat it there.", inner: e);
        }
    }
}
