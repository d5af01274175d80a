using Shouldly;
using Xunit;

namespace IoTPlatform.Contracts.Tests;

public sealed class FreeTextTests
{
    [Theory]
    [InlineData("Pumpe Süd 🌊")]
    [InlineData("𠮷野")]
    [InlineData("👩\u200d🔧")]
    [InlineData("وحدة الضخ")]
    [InlineData("a b  c")]
    [InlineData("\u200fوحدة")]
    public void Text_OfAnyLanguage_IsValid(string text) => FreeText.IsValid(text, 128).ShouldBeTrue();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("\u001b[31m")]
    [InlineData("a\u0085b")]
    [InlineData("a\u2028b")]
    [InlineData("a\u2029b")]
    [InlineData("a\ufffeb")]
    [InlineData("a\u0378b")]
    [InlineData("right\u202eto left")]
    [InlineData("a\u2066b")]
    public void Text_ThatIsNoLineOfCharacters_IsRefused(string? text) => FreeText.IsValid(text, 128).ShouldBeFalse();

    /// <summary>Not as attributes' arguments: those are UTF-8, which has no halves.</summary>
    [Fact]
    public void Text_WithHalfACharacter_IsRefused()
    {
        FreeText.IsValid("a" + (char)0xD83C, 128).ShouldBeFalse();
        FreeText.IsValid((char)0xDF0A + "a", 128).ShouldBeFalse();
        FreeText.IsValid("" + (char)0xD83C + (char)0xD83C + (char)0xDF0A, 128).ShouldBeFalse();
    }

    [Fact]
    public void Length_IsInCharactersAsTheDatabaseCountsThem()
    {
        FreeText.IsValid("🌊🌊🌊", 3).ShouldBeTrue();
        FreeText.IsValid("🌊🌊🌊", 2).ShouldBeFalse();
    }
}
