using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Issuer;

/// <summary>What the issuer's sign-in pages do with their form, wherever they lead on to.</summary>
internal sealed class SignInForm(SignInSteps steps, IssuerPages pages)
{
    /// <param name="context">With the form.</param>
    /// <param name="signedIn">The page after that, for the request that the form brought back.</param>
    /// <param name="next">The form again, or the next one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IResult> SignInAsync(HttpContext context, Func<string, PortalPage> signedIn, Func<string, SignInStep, Task<PortalPage>> next, CancellationToken cancellationToken)
    {
        try
        {
            var step = await steps.ContinueAsync(context);
            var query = (await context.Request.ReadFormAsync(cancellationToken))[IssuerPages.RequestField].ToString();
            return step is null ? signedIn(query) : await next(query, step);
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return pages.Problem(problem);
        }
    }
}
