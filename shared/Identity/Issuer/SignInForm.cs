using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Issuer;

/// <summary>What the issuer's sign-in pages do with their form, wherever they lead on to.</summary>
internal sealed class SignInForm(IssuerSessions sessions, IssuerPages pages, PortalForgery forgery)
{
    /// <param name="context">With the form.</param>
    /// <param name="signedIn">The page after that, for the request that the form brought back.</param>
    /// <param name="refused">The form again.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IResult> SignInAsync(HttpContext context, Func<string, PortalPage> signedIn, Func<string, Refusal, Task<PortalPage>> refused, CancellationToken cancellationToken)
    {
        try
        {
            await forgery.RequireAsync(context, session: null);
            var form = await context.Request.ReadFormAsync(cancellationToken);
            var query = form[IssuerPages.RequestField].ToString();
            try
            {
                await sessions.SignInAsync(context, form["username"].ToString(), form["password"].ToString());
                return signedIn(query);
            }
            catch (ProblemException e) when (e.Status is 401 or 429)
            {
                var status = e.Status == 401 ? StatusCodes.Status403Forbidden : e.Status; // 401 would ask for a header that no browser sends for a form
                return await refused(query, new Refusal(e.Message, status, e.RetryAfter, forgery.TokensFor(context, session: null)));
            }
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return pages.Problem(problem);
        }
    }

    public sealed record Refusal(string Text, int Status, TimeSpan? RetryAfter, AntiforgeryTokenSet Forgery);
}
