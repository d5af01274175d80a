using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Portal.Assets;

/// <summary>A file that the pages name. Its address has its hash, so that a browser keeps it until it changes; read and compressed when the first browser asks.</summary>
public sealed class PortalAsset
{
    private readonly string _type;
    private readonly Lazy<(byte[] Plain, byte[] Brotli, string Hash)> _content;

    internal PortalAsset(string name, string type)
    {
        Name = name;
        _type = type;
        _content = new(Read);
    }

    public string Name { get; }

    public string Path => $"{PortalAssets.Root}/{Name}?v={_content.Value.Hash}";

    internal IResult Answer(HttpContext context)
    {
        var (plain, brotli, hash) = _content.Value;
        context.Response.Headers.CacheControl = context.Request.Query["v"] == hash ? "public, max-age=31536000, immutable" : "no-cache";
        context.Response.Headers.Vary = "Accept-Encoding";
        if (!context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal))
        {
            return TypedResults.Bytes(plain, _type);
        }

        context.Response.Headers.ContentEncoding = "br";
        return TypedResults.Bytes(brotli, _type);
    }

    private (byte[] Plain, byte[] Brotli, string Hash) Read()
    {
        using var resource = typeof(PortalAsset).Assembly.GetManifestResourceStream(Name) ?? throw new InvalidOperationException($"The portal has no file {Name}.");
        var plain = new byte[resource.Length];
        resource.ReadExactly(plain);
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write(plain);
        }

        return (plain, packed.ToArray(), Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 8)));
    }
}

public static class PortalAssets
{
    internal const string Root = "/portal/assets";
    private const string Style = "text/css; charset=utf-8";
    private const string Script = "text/javascript; charset=utf-8";

    public static PortalAsset LibraryStyle { get; } = new("mudblazor.css", Style);
    public static PortalAsset Theme { get; } = new("theme.css", Style);
    public static PortalAsset ShellStyle { get; } = new("shell.css", Style);
    public static PortalAsset LibraryScript { get; } = new("mudblazor.js", Script);
    public static PortalAsset BlazorScript { get; } = new("blazor.js", Script);
    public static PortalAsset ShellScript { get; } = new("shell.js", Script);

    internal static void Map(IEndpointRouteBuilder app)
    {
        // Anonymous: they are the same in every installation.
        var assets = app.MapGroup(Root).AllowAnonymous().ExcludeFromDescription();
        foreach (var asset in (ReadOnlySpan<PortalAsset>)[LibraryStyle, Theme, ShellStyle, LibraryScript, BlazorScript, ShellScript])
        {
            assets.MapGet($"/{asset.Name}", asset.Answer);
        }
    }
}
