using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace IoTPlatform.Identity.Portal;

/// <summary>HTML in which every value is encoded unless it is markup itself.</summary>
[InterpolatedStringHandler]
internal readonly struct Markup
{
    private readonly StringBuilder _html;

    public Markup(int literalLength, int formattedCount) => _html = new StringBuilder(literalLength + (16 * formattedCount));

    public static Markup None => $"";

    public void AppendLiteral(string literal) => _html.Append(literal);

    public void AppendFormatted(Markup markup) => _html.Append(markup._html);

    public void AppendFormatted(string? text) => _html.Append(HtmlEncoder.Default.Encode(text ?? ""));

    public override string ToString() => _html.ToString();
}
