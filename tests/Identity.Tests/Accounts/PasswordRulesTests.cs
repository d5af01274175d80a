using IoTPlatform.Identity;

namespace IoTPlatform.Identity.Tests.Accounts;

/// <summary>NIST SP 800-63B-4 section 3.1.1.</summary>
public sealed class PasswordRulesTests
{
    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("seven green bicycles at dawn")]
    [InlineData("aaaaaaaa bbbbbbbb cc dddddd ee")]
    [InlineData("\u00fcber den sieben bergen \ud83d\ude80")]
    [InlineData("no digits and no capitals needed")]
    [InlineData("my password is a train to Lisbon")]
    public void Problem_LongAndUnlikely_IsNone(string password) => PasswordRules.Problem(password, "ada").ShouldBeNull();

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("fourteen chars")]
    [InlineData("aaaaaaaaaaaaaaaaaaaa")]
    [InlineData("abababababababababab")]
    [InlineData("abcdefghijklmnopqrst")]
    [InlineData("98765432109876543210")]
    [InlineData("passwordpassword123")]
    [InlineData("Qwertyqwertyqwerty1!")]
    [InlineData("ada.lovelaceada.lovelace")]
    [InlineData("correct horse battery staple")]
    [InlineData("IoTPlatform-Provider-2026")]
    public void Problem_ShortOrTriedFirst_IsSaid(string password) => PasswordRules.Problem(password, "ada.lovelace").ShouldNotBeNull();

    [Fact]
    public void Problem_Endless_IsSaid() => PasswordRules.Problem(new string('x', 10_000), "ada").ShouldNotBeNull();
}
