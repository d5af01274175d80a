using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting.Portal;

/// <summary>The portal's one style sheet.</summary>
internal static class PortalStyle
{
    public const string Path = "/portal/portal.css";
    private static readonly byte[] Css = Read();

    public static IResult Answer(HttpContext context)
    {
        context.Response.Headers.CacheControl = "public, max-age=3600";
        return TypedResults.Bytes(Css, "text/css; charset=utf-8");
    }

    private static byte[] Read()
    {
        using var resource = typeof(PortalStyle).Assembly.GetManifestResourceStream("portal.css")!;
        var css = new byte[resource.Length];
        resource.ReadExactly(css);
        return css;
    }
}
