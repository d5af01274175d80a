using Bunit;
using IoTPlatform.Portal.Components;

namespace IoTPlatform.Portal.Tests;

public sealed class FieldTests : IDisposable
{
    private readonly BunitContext _context = new();

    public void Dispose() => _context.Dispose();

    [Fact]
    public void Problem_IsSaidBesideTheInput_AndToScreenReaders()
    {
        var field = _context.Render<Field>(parameters => parameters.Add(f => f.Id, "id").Add(f => f.Label, "Tenant id").Add(f => f.Help, "help").Add(f => f.Problem, "too short"));

        field.Find("input").GetAttribute("aria-invalid").ShouldBe("true");
        field.Find("#" + field.Find("input").GetAttribute("aria-describedby")).TextContent.ShouldBe("too short");
        field.Find("label").GetAttribute("for").ShouldBe("id");
    }

    [Fact]
    public void Problem_GoneAgain_TheHelpIsBack()
    {
        var field = _context.Render<Field>(parameters => parameters.Add(f => f.Id, "id").Add(f => f.Help, "help").Add(f => f.Problem, "too short"));

        field.Render(parameters => parameters.Add(f => f.Problem, null));

        field.Find("input").HasAttribute("aria-invalid").ShouldBeFalse();
        field.Find("p").TextContent.ShouldBe("help");
    }

    [Fact]
    public void Input_EachLetter_ChangesTheValue()
    {
        var value = "";
        var field = _context.Render<Field>(parameters => parameters.Add(f => f.Id, "id").Add(f => f.ValueChanged, text => value = text));

        field.Find("input").Input("<script>");

        value.ShouldBe("<script>");
    }
}
