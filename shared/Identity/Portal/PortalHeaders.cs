using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>Nothing in a page of the portal runs, nobody frames it, nobody keeps it.</summary>
internal static class PortalHeaders
{
    public static void Set(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "same-origin"; // a callback's address has a code
        response.Headers.CacheControl = "no-store";
    }
}
