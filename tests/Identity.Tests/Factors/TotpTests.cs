using System.Text;
using IoTPlatform.Identity.Factors;

namespace IoTPlatform.Identity.Tests.Factors;

public sealed class TotpTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("12345678901234567890");

    // RFC 6238 appendix B, the last six of its eight digits.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Code_OfTheRfcsSecret_IsTheRfcs(long seconds, string code) =>
        Totp.CodeAt(Secret, Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(seconds))).ShouldBe(code);

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void StepOf_CodeOfAnotherStep_OneEachWayIsTaken(int steps, bool taken)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1234567890);
        var step = Totp.StepAt(now) + steps;

        Totp.StepOf(Secret, Totp.CodeAt(Secret, step), now).ShouldBe(taken ? step : null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("05924")]
    [InlineData("0005924")]
    [InlineData("٠٠٥٩٢٤")]
    public void StepOf_WhatIsNoCode_IsNone(string code) => Totp.StepOf(Secret, code, DateTimeOffset.FromUnixTimeSeconds(1234567890)).ShouldBeNull();

    // RFC 4648 section 10.
    [Theory]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Text_IsBase32(string plain, string text) => Totp.Text(Encoding.ASCII.GetBytes(plain)).ShouldBe(text);

    [Fact]
    public void Uri_NamesServerAndAccount() =>
        Totp.Uri("IoT platform", "ada@x", Secret).ShouldBe("otpauth://totp/IoT%20platform:ada%40x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=IoT%20platform&algorithm=SHA1&digits=6&period=30");

    [Fact]
    public void RecoveryCodes_AreAllDifferent_AndHashedHoweverTyped()
    {
        var codes = RecoveryCode.NewSet();

        codes.Distinct().Count().ShouldBe(10);
        RecoveryCode.Hash(codes[0].ToUpperInvariant().Replace('-', ' ')).ShouldBe(RecoveryCode.Hash(codes[0]));
        RecoveryCode.Hash(codes[0][..^1]).ShouldBeNull();
        RecoveryCode.Hash("287082").ShouldBeNull();
    }
}
