using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Startup;

public sealed class PlatformOptionsTests : IDisposable
{
    private static readonly string[] Names = ["IOT_DATA", "PROVIDER_URL", "STEP_CA_PASSWORD", "IOT_DEVICE_LIFETIME", "IOT_LISTEN"];
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Load_TheSwitch_HasNoValue()
    {
        var options = PlatformOptions.Load(["--i-lost-the-database", "--data", "x"], [PlatformOptions.LostDatabase, "IOT_DATA"], new Dictionary<string, string>());

        options[PlatformOptions.LostDatabase].ShouldBe("yes");
        options["IOT_DATA"].ShouldBe("x");
    }

    [Fact]
    public void Load_AllSources_FlagBeatsEnvironmentBeatsFile()
    {
        File.WriteAllText(_temp.Combine("env"), "IOT_DATA=file\nPROVIDER_URL=https://file\nIOT_LISTEN=file");

        var options = Load(["--data", "flag"], ("IOT_DATA", "environment"), ("PROVIDER_URL", "https://environment"), ("IOT_ENV_FILE", _temp.Combine("env")));

        options["IOT_DATA"].ShouldBe("flag");
        options["PROVIDER_URL"].ShouldBe("https://environment");
        options["IOT_LISTEN"].ShouldBe("file");
        options["STEP_CA_PASSWORD"].ShouldBeNull();
        options.Get("STEP_CA_PASSWORD", "default").ShouldBe("default");
    }

    [Fact]
    public void Load_EnvFileFlag_IsRead()
    {
        File.WriteAllText(_temp.Combine("env"), "IOT_DATA=file");

        Load([$"--env-file={_temp.Combine("env")}"])["IOT_DATA"].ShouldBe("file");
    }

    [Fact]
    public void Load_EmptyEnvironmentVariable_CountsAsUnset()
    {
        File.WriteAllText(_temp.Combine("env"), "IOT_DATA=file");

        Load([], ("IOT_DATA", ""), ("IOT_ENV_FILE", _temp.Combine("env")))["IOT_DATA"].ShouldBe("file");
    }

    [Theory]
    [InlineData("--data=a=b", "a=b")]
    [InlineData("--iot-data=x", "x")]
    public void Load_FlagForms_AllKnown(string flag, string value) => Load([flag])["IOT_DATA"].ShouldBe(value);

    [Theory]
    [InlineData("--unknown", "x")]
    [InlineData("secret", "x")]
    [InlineData("--data")]
    public void Load_BadCommandLine_UsageErrorWithoutValues(params string[] args)
    {
        var refused = Should.Throw<StartupException>(() => Load(args));

        refused.ExitCode.ShouldBe(ExitCodes.Usage);
        refused.Message.ShouldNotContain("secret");
    }

    [Fact]
    public void Secret_FromFile_FirstLine()
    {
        File.WriteAllText(_temp.Combine("password"), "  s3cret \nsecond line");

        Load([], ("STEP_CA_PASSWORD_FILE", _temp.Combine("password"))).Secret("STEP_CA_PASSWORD").ShouldBe("s3cret");
        Load([], ("STEP_CA_PASSWORD_FILE", _temp.Combine("password")), ("STEP_CA_PASSWORD", "direct")).Secret("STEP_CA_PASSWORD").ShouldBe("direct");
        Load([]).Secret("STEP_CA_PASSWORD").ShouldBeNull();
    }

    [Fact]
    public void Secret_FileMissingOrEmpty_Refused()
    {
        File.WriteAllText(_temp.Combine("empty"), "\n");

        Should.Throw<StartupException>(() => Load([], ("STEP_CA_PASSWORD_FILE", _temp.Combine("missing"))).Secret("STEP_CA_PASSWORD")).Message.ShouldContain("cannot be read");
        Should.Throw<StartupException>(() => Load([], ("STEP_CA_PASSWORD_FILE", _temp.Combine("empty"))).Secret("STEP_CA_PASSWORD")).Message.ShouldContain("is empty");
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("7d", 604800)]
    public void Duration_GoForms_Parsed(string text, int seconds) =>
        Load([], ("IOT_DEVICE_LIFETIME", text)).Duration("IOT_DEVICE_LIFETIME", TimeSpan.Zero).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("24")]
    [InlineData("-1h")]
    [InlineData("0s")]
    [InlineData("1h ")]
    [InlineData("1w")]
    [InlineData("999999999d")]
    [InlineData("999999999d999999999d")]
    public void Duration_Other_Refused(string text) =>
        Should.Throw<StartupException>(() => Load([], ("IOT_DEVICE_LIFETIME", text)).Duration("IOT_DEVICE_LIFETIME", TimeSpan.Zero)).ExitCode.ShouldBe(ExitCodes.Usage);

    [Theory]
    [InlineData("ftp://x")]
    [InlineData("no-url-at-all")]
    [InlineData("https://user:password@x")]
    public void Url_Other_RefusedWithoutEcho(string text)
    {
        var refused = Should.Throw<StartupException>(() => Load([], ("PROVIDER_URL", text)).Url("PROVIDER_URL"));

        refused.Message.ShouldNotContain(text);
    }

    [Fact]
    public void Required_Missing_NamesSettingAndHint() =>
        Should.Throw<StartupException>(() => Load([]).Required("IOT_DATA", "Set it to a folder.")).Message.ShouldBe("IOT_DATA is not set. Set it to a folder.");

    [Fact]
    public void List_CommasAndSpaces_Split() => Load([]).List("IOT_LISTEN", "a, b c,,").ShouldBe(["a", "b", "c"]);

    private static PlatformOptions Load(string[] args, params (string Name, string Value)[] environment) =>
        PlatformOptions.Load(args, Names, environment.ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal));
}
