namespace IoTPlatform.Pki.Tests.Certificates;

public sealed class SerialNumberTests
{
    private static readonly DateTimeOffset Now = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    [Fact]
    public void Create_Later_ComesLaterInOrder()
    {
        var earlier = SerialNumber.Create(Now);
        SerialNumber.Create(Now.AddSeconds(4)).AsSpan().SequenceCompareTo(earlier).ShouldBePositive();
        SerialNumber.Create(Now.AddYears(70)).AsSpan().SequenceCompareTo(earlier).ShouldBePositive();
        SerialNumber.Create(Now).AsSpan(0, 4).SequenceEqual(earlier.AsSpan(0, 4)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("1950-01-01T00:00:00Z")]
    [InlineData("1969-12-31T23:59:59Z")]
    [InlineData("1970-01-01T00:00:00Z")]
    [InlineData("2106-02-07T06:28:16Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public void Create_AtAnyTime_IsPositiveAndAsLong(string time)
    {
        var serial = SerialNumber.Create(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture));
        SerialNumber.IsValid(serial).ShouldBeTrue();
        serial.Length.ShouldBe(16);
    }

    [Fact]
    public void Create_ManyTimes_IsPositiveMinimalAndNew()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 2000; i++)
        {
            var serial = SerialNumber.Create(Now);
            SerialNumber.IsValid(serial).ShouldBeTrue();
            serial.Length.ShouldBe(16);
            seen.Add(SerialNumber.ToHex(serial)).ShouldBeTrue();
            SerialNumber.TryParseDecimal(SerialNumber.ToDecimal(serial), out var back).ShouldBeTrue();
            back.ShouldBe(serial);
        }
    }

    [Theory]
    [InlineData("1", "01")]
    [InlineData("127", "7F")]
    [InlineData("128", "0080")]
    [InlineData("256", "0100")]
    [InlineData("340282366920938463463374607431768211455", "00FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("730750818665451459101842416358141509827966271487", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    public void TryParseDecimal_Number_IsMinimalBytes(string text, string hex)
    {
        SerialNumber.TryParseDecimal(text, out var serial).ShouldBeTrue();
        SerialNumber.ToHex(serial).ShouldBe(hex);
        SerialNumber.ToDecimal(serial).ShouldBe(text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("01")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1_0")]
    [InlineData("0x10")]
    [InlineData("AB")]
    [InlineData("1e3")]
    [InlineData("١")]
    [InlineData("730750818665451459101842416358141509827966271488")]
    [InlineData("9999999999999999999999999999999999999999999999999999999")]
    public void TryParseDecimal_AnythingElse_IsRefused(string? text) => SerialNumber.TryParseDecimal(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("4660", "1234")]
    [InlineData("0x1234", "1234")]
    [InlineData("0X1234", "1234")]
    [InlineData("12:34", "1234")]
    [InlineData("ab:cd", "00ABCD")]
    [InlineData("ABCD", "00ABCD")]
    [InlineData("0x80", "0080")]
    [InlineData("0xF", "0F")]
    [InlineData("00ABCD", "00ABCD")]
    [InlineData("00:00:12", "12")]
    [InlineData("0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    public void TryParse_DecimalOrHex_IsTheSameNumber(string text, string hex)
    {
        SerialNumber.TryParse(text, out var serial).ShouldBeTrue();
        SerialNumber.ToHex(serial).ShouldBe(hex);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("0x0")]
    [InlineData("00")]
    [InlineData("007")]
    [InlineData("xyz")]
    [InlineData("12:3")]
    [InlineData(":12")]
    [InlineData("12:")]
    [InlineData("-1")]
    [InlineData("0x12 ")]
    [InlineData("1234\n")]
    [InlineData("0x80FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("0x1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void TryParse_AnythingElse_IsRefused(string? text) => SerialNumber.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("00")]
    [InlineData("80")]
    [InlineData("0001")]
    [InlineData("")]
    [InlineData("010000000000000000000000000000000000000000")]
    public void IsValid_NotPositiveNotMinimalOrTooLong_IsFalse(string hex) => SerialNumber.IsValid(Convert.FromHexString(hex)).ShouldBeFalse();
}
