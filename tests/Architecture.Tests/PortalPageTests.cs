namespace IoTPlatform.Architecture.Tests;

/// <summary>Pages show and ask; services know and do.</summary>
public sealed class PortalPageTests
{
    private static readonly IReadOnlyList<(string Path, string Text)> Pages = [.. Repository.Files("*.razor").Select(path => (path, Repository.Read(path)))];

    /// <summary>A page reaches a service through PortalCalls, which asks the service's policy first: with a context of its own it would go round it.</summary>
    [Theory]
    [InlineData("DbContext")]
    [InlineData("ProviderDb")]
    [InlineData("Npgsql")]
    [InlineData("IServiceScopeFactory")]
    public void Page_NeverTouchesTheDatabaseItself(string word)
    {
        Pages.Count.ShouldBeGreaterThan(10);

        Pages.Where(page => page.Text.Contains(word, StringComparison.Ordinal)).Select(page => page.Path).ShouldBeEmpty();
    }

    /// <summary>Text that people or devices sent is encoded by Razor unless it is called markup.</summary>
    [Theory]
    [InlineData("MarkupString")]
    [InlineData("AddMarkupContent")]
    [InlineData("<script>")]
    [InlineData("onclick=\"")]
    public void Page_HasNoMarkupFromOutside_AndNoInlineScript(string word) =>
        Pages.Where(page => page.Text.Replace("@onclick=\"", "", StringComparison.Ordinal).Contains(word, StringComparison.Ordinal)).Select(page => page.Path).ShouldBeEmpty();

    [Fact]
    public void NoPage_IsLongerThanAnIdea() => Pages.Where(page => page.Text.Count(c => c == '\n') > 300).Select(page => page.Path).ShouldBeEmpty();
}
