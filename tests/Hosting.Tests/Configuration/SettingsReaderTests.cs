using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Hosting.Tests.Configuration;

public sealed class SettingsReaderTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("7d", 604800)]
    public void Duration_GoForms_Parsed(string text, int seconds) => Of("IOT_DEVICE_LIFETIME", text).Duration("IOT_DEVICE_LIFETIME", TimeSpan.Zero).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("24")]
    [InlineData("-1h")]
    [InlineData("0s")]
    [InlineData("1h ")]
    [InlineData("1w")]
    [InlineData("999999999d")]
    [InlineData("999999999d999999999d")]
    public void Duration_Other_Refused(string text)
    {
        var settings = Of("IOT_DEVICE_LIFETIME", text);

        settings.Duration("IOT_DEVICE_LIFETIME", TimeSpan.Zero).ShouldBe(TimeSpan.Zero);

        settings.Errors.Single().ShouldStartWith("IOT_DEVICE_LIFETIME is not a duration.");
    }

    [Theory]
    [InlineData("ftp://x")]
    [InlineData("no-url-at-all")]
    [InlineData("https://user:password@x")]
    public void Url_Other_RefusedWithoutCredentials(string text)
    {
        var settings = Of("PROVIDER_URL", text);

        settings.Url("PROVIDER_URL", "https").ShouldBeNull();

        settings.Errors.Single().ShouldStartWith("PROVIDER_URL: ");
        settings.Errors.Single().ShouldNotContain("password");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("11")]
    [InlineData("-1")]
    [InlineData("ten")]
    [InlineData("99999999999")]
    public void Number_Other_Refused(string text)
    {
        var settings = Of("IOT_NUMBER", text);

        settings.Number("IOT_NUMBER", 10, "it must be a number of 1 to 10").ShouldBeNull();

        settings.Errors.ShouldBe([$"IOT_NUMBER: \"{text}\": it must be a number of 1 to 10."]);
    }

    [Fact]
    public void Get_NothingSet_TakesTheFallback()
    {
        var settings = Of("IOT_OTHER", "x");

        settings.Get("IOT_DATA", "default").ShouldBe("default");
        settings.Number("IOT_DATA", 10, "").ShouldBeNull();
        settings.Url("IOT_DATA", "https").ShouldBeNull();
        settings.Errors.ShouldBeEmpty();
        settings.ThrowIfInvalid();
    }

    [Fact]
    public void List_CommasAndSpaces_Split() => Of("IOT_LISTEN", "a, b c,,").List("IOT_LISTEN").ShouldBe(["a", "b", "c"]);

    [Fact]
    public void ThrowIfInvalid_ErrorsOfValuesAndOfRules_ReportsAllAtOnce()
    {
        var settings = Of("IOT_NUMBER", "none");
        settings.Number("IOT_NUMBER", 10, "it must be a number");
        settings.Validate(new object(), new ValidateOptions<object>(name: null, _ => false, "the rule is broken"));

        Should.Throw<StartupException>(settings.ThrowIfInvalid).Message.ShouldBe("the configuration cannot be used:\n  - IOT_NUMBER: \"none\": it must be a number.\n  - the rule is broken");
    }

    private static SettingsReader Of(string name, string value) => new(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create<string, string?>(name, value)]).Build());
}
