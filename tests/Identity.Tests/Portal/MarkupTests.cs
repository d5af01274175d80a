using IoTPlatform.Identity.Portal;


namespace IoTPlatform.Identity.Tests.Portal;

public sealed class MarkupTests
{
    [Fact]
    public void Value_Always_IsEncoded()
    {
        Markup html = $"<p title=\"{"\" onload=\"x"}\">{"<script>&'"}</p>";

        html.ToString().ShouldBe("<p title=\"&quot; onload=&quot;x\">&lt;script&gt;&amp;&#x27;</p>");
    }

    [Fact]
    public void Markup_InMarkup_IsEncodedOnce()
    {
        Markup inner = $"<b>{"<"}</b>";
        Markup html = $"<p>{inner}</p>";

        html.ToString().ShouldBe("<p><b>&lt;</b></p>");
    }

    [Fact]
    public void Value_None_IsEmpty()
    {
        Markup html = $"<p>{(string?)null}</p>";

        html.ToString().ShouldBe("<p></p>");
    }
}
