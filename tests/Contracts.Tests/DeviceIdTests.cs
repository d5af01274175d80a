using FsCheck;
using FsCheck.Fluent;

namespace IoTPlatform.Contracts.Tests;

public sealed class DeviceIdTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("pump-1")]
    [InlineData("pump-1.site-2.acme.example")]
    public void IsValid_DnsName_IsTaken(string id) => DeviceId.IsValid(id).ShouldBeTrue();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("-a")]
    [InlineData("a-.b")]
    [InlineData("Pump")]
    [InlineData("a_b")]
    [InlineData("vhost:user")]
    [InlineData("a/../b")]
    [InlineData("*.example")]
    [InlineData("a\n")]
    [InlineData("a\0b")]
    public void IsValid_AnythingElse_IsRefused(string? id) => DeviceId.IsValid(id).ShouldBeFalse();

    /// <summary>RFC 5280 appendix A.1: ub-common-name is 64. RFC 1035 section 2.3.4: a label has 63 octets at the most.</summary>
    [Fact]
    public void IsValid_Length_IsThatOfACommonNameAndItsLabels()
    {
        DeviceId.IsValid(new string('a', 63)).ShouldBeTrue();
        DeviceId.IsValid(new string('a', 64)).ShouldBeFalse();
        DeviceId.IsValid(new string('a', 31) + "." + new string('b', 32)).ShouldBeTrue();
        DeviceId.IsValid(new string('a', 32) + "." + new string('b', 32)).ShouldBeFalse();
    }

    [Fact]
    public void IsValid_AnyText_NeverTakesWhatBrokersAndPathsReadInto() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text => !DeviceId.IsValid(text) || text.AsSpan().IndexOfAny(":/\\+#*\0\n\r ") < 0)
            .QuickCheckThrowOnFailure();
}
