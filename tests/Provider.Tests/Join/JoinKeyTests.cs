using FsCheck;
using FsCheck.Fluent;
using IoTPlatform.Provider.Features.Join;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class JoinKeyTests
{
    [Fact]
    public void Create_Always_HasFourGroupsOfCrockfordsAlphabet() =>
        JoinKey.Create().ShouldMatch("^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$");

    [Fact]
    public void Create_ManyTimes_NeverRepeats() =>
        Enumerable.Range(0, 10_000).Select(_ => JoinKey.Create()).Distinct().Count().ShouldBe(10_000);

    [Theory]
    [InlineData("0123-4567-89AB-CDEF")]
    [InlineData("0123456789ABCDEF")]
    [InlineData("0123-4567-89ab-cdef")]
    [InlineData(" oi23-4567-89AB-CDEF ")]
    [InlineData("0L23-4567-89AB-CDEF")]
    public void TryHash_KeyWrittenAnotherWay_IsTheSameKey(string written) => JoinKey.TryHash(written).ShouldBe(JoinKey.TryHash("0123-4567-89AB-CDEF"));

    [Fact]
    public void TryHash_AnotherKey_IsAnotherHash() => JoinKey.TryHash("0123-4567-89AB-CDEG").ShouldNotBe(JoinKey.TryHash("0123-4567-89AB-CDEF"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("----")]
    [InlineData("0123-4567-89AB-CDE")]
    [InlineData("0123-4567-89AB-CDEFG")]
    [InlineData("0123-4567-89AB-CDEU")]
    [InlineData("0123 4567 89AB CDEF")]
    [InlineData("0123-4567-89AB-CDE\0")]
    [InlineData("٠١٢٣-4567-89AB-CDEF")]
    [InlineData("0123-4567-89AB-CDE\u0131")]
    public void TryHash_NoKey_IsNull(string? text) => JoinKey.TryHash(text).ShouldBeNull();

    [Fact]
    public void TryHash_HugeInput_IsNull() => JoinKey.TryHash(new string('-', 1_000_000)).ShouldBeNull();

    [Fact]
    public void TryHash_AnyText_NeverThrows() => Prop.ForAll<string>(text => JoinKey.TryHash(text) is null or { Length: 32 }).QuickCheckThrowOnFailure();
}
