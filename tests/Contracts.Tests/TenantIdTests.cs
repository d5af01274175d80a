using FsCheck;
using FsCheck.Fluent;

namespace IoTPlatform.Contracts.Tests;

public sealed class TenantIdTests
{
    [Theory]
    [InlineData("ab")]
    [InlineData("acme")]
    [InlineData("0-0")]
    [InlineData("a--b")]
    public void IsValid_DnsLabel_IsTaken(string id) => TenantId.IsValid(id).ShouldBeTrue();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("Acme")]
    [InlineData("a.b")]
    [InlineData("a_b")]
    [InlineData("a:b")]
    [InlineData("a/b")]
    [InlineData("ab\n")]
    [InlineData("ab\r")]
    [InlineData(" ab")]
    [InlineData("äb")]
    [InlineData("аb")]
    public void IsValid_AnythingElse_IsRefused(string? id) => TenantId.IsValid(id).ShouldBeFalse();

    [Fact]
    public void IsValid_Length_Is2To63()
    {
        TenantId.IsValid(new string('a', 63)).ShouldBeTrue();
        TenantId.IsValid(new string('a', 64)).ShouldBeFalse();
    }

    [Fact]
    public void IsValid_AnyText_OnlyEverTakesLabelCharacters() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text => !TenantId.IsValid(text) || text.All(c => c is '-' or (>= 'a' and <= 'z') or (>= '0' and <= '9')))
            .QuickCheckThrowOnFailure();
}
