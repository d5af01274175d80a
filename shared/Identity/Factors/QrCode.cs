using System.Globalization;
using System.Text;
using IoTPlatform.Identity.Portal;
using QRCoder;

namespace IoTPlatform.Identity.Factors;

/// <summary>A QR code as an SVG image in the page: no script, no style, no request to anywhere.</summary>
public static class QrCode
{
    internal static Markup Svg(string text, string label)
    {
        var (size, path) = Modules(text);
        var edge = size.ToString(CultureInfo.InvariantCulture);
        return $"""<svg class="qr" role="img" aria-label="{label}" viewBox="0 0 {edge} {edge}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path d="{path}" fill="#000"/></svg>""";
    }

    /// <summary>Edge in modules, quiet zone included, and the dark modules as an SVG path of unit squares.</summary>
    public static (int Size, string Path) Modules(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var (modules, path) = (code.ModuleMatrix, new StringBuilder());
        for (var y = 0; y < modules.Count; y++)
        {
            for (var x = 0; x < modules[y].Count; x++)
            {
                path.Append(modules[y][x] ? string.Create(CultureInfo.InvariantCulture, $"M{x} {y}h1v1h-1z") : "");
            }
        }

        return (modules.Count, path.ToString());
    }
}
