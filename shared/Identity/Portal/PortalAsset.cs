using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>A file that the portal's pages name: the style sheet, the icon, and the one script.</summary>
internal sealed class PortalAsset
{
    public const string StylePath = "/portal/portal.css";
    public const string PasskeyScriptPath = "/portal/passkey.js";
    public const string IconPath = "/favicon.ico";
    public static readonly PortalAsset Style = new("portal.css", "text/css; charset=utf-8");
    public static readonly PortalAsset PasskeyScript = new("passkey.js", "text/javascript; charset=utf-8");
    public static readonly PortalAsset Icon = new("favicon.svg", "image/svg+xml");
    private readonly byte[] _content;
    private readonly string _type;

    private PortalAsset(string name, string type)
    {
        using var resource = typeof(PortalAsset).Assembly.GetManifestResourceStream(name)!;
        _content = new byte[resource.Length];
        resource.ReadExactly(_content);
        _type = type;
    }

    public IResult Answer(HttpContext context)
    {
        context.Response.Headers.CacheControl = "public, max-age=3600";
        return TypedResults.Bytes(_content, _type);
    }
}
