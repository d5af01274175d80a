using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting.Portal;

internal static class PortalHeaders
{
    /// <param name="response">Of a page or a redirect of the portal.</param>
    /// <param name="formTarget">Browsers apply form-action to the redirect after a form, too: the origin of a sign-out at the identity provider.</param>
    public static void Set(HttpResponse response, string? formTarget = null)
    {
        response.Headers.ContentSecurityPolicy = $"default-src 'self'; base-uri 'none'; form-action 'self'{(formTarget is null ? "" : " " + formTarget)}; frame-ancestors 'none'";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "same-origin"; // a callback's address has a code
        response.Headers.CacheControl = "no-store";
    }
}
