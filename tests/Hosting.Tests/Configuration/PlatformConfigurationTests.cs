using IoTPlatform.Testing;
using Microsoft.Extensions.Configuration;

namespace IoTPlatform.Hosting.Tests.Configuration;

public sealed class PlatformConfigurationTests : IDisposable
{
    private static readonly string[] Names = ["IOT_DATA", "PROVIDER_URL", "JOIN_KEY", "STEP_CA_PASSWORD", "IOT_LISTEN"];
    private static readonly string[] Secrets = ["JOIN_KEY"];
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Load_TheSwitch_HasNoValue()
    {
        var settings = PlatformConfiguration.Load(["--i-lost-the-database", "--data", "x"], [PlatformConfiguration.LostDatabase, "IOT_DATA"], [], new Dictionary<string, string>());

        settings[PlatformConfiguration.LostDatabase].ShouldBe("yes");
        settings["IOT_DATA"].ShouldBe("x");
    }

    [Fact]
    public void Load_AllSources_FlagBeatsEnvironmentBeatsFile()
    {
        File.WriteAllText(_temp.Combine("env"), "IOT_DATA=file\nPROVIDER_URL=https://file\nIOT_LISTEN=file");

        var settings = Load(["--data", "flag"], ("IOT_DATA", "environment"), ("PROVIDER_URL", "https://environment"), ("IOT_ENV_FILE", _temp.Combine("env")));

        settings["IOT_DATA"].ShouldBe("flag");
        settings["PROVIDER_URL"].ShouldBe("https://environment");
        settings["IOT_LISTEN"].ShouldBe("file");
        settings["JOIN_KEY"].ShouldBeNull();
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

    [Fact]
    public void Load_EmptyFlag_HidesTheOthersAndCountsAsUnset() => Load(["--data="], ("IOT_DATA", "environment"))["IOT_DATA"].ShouldBeNull();

    [Fact]
    public void Load_EmptyFlagOfASecret_LeavesItsFile()
    {
        File.WriteAllText(_temp.Combine("secret"), "s3cret");

        Load(["--join-key="], ("JOIN_KEY", "environment"), ("JOIN_KEY_FILE", _temp.Combine("secret")))["JOIN_KEY"].ShouldBe("s3cret");
    }

    [Fact]
    public void Load_UnknownNames_AreLeftOut()
    {
        File.WriteAllText(_temp.Combine("env"), "UNKNOWN=file\niot_data=file");

        var settings = Load([], ("IOT_ENV_FILE", _temp.Combine("env")), ("OTHER", "environment"), ("iot_data", "environment"));

        settings["UNKNOWN"].ShouldBeNull();
        settings["OTHER"].ShouldBeNull();
        settings["IOT_DATA"].ShouldBeNull();
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

        Load([], ("JOIN_KEY_FILE", _temp.Combine("password")))["JOIN_KEY"].ShouldBe("s3cret");
        Load([], ("JOIN_KEY_FILE", _temp.Combine("password")), ("JOIN_KEY", "direct"))["JOIN_KEY"].ShouldBe("direct");
        Load([])["JOIN_KEY"].ShouldBeNull();
    }

    [Fact]
    public void Secret_FileMissingOrEmpty_Refused()
    {
        File.WriteAllText(_temp.Combine("empty"), "\n");

        Should.Throw<StartupException>(() => Load([], ("JOIN_KEY_FILE", _temp.Combine("missing")))["JOIN_KEY"]).Message.ShouldContain("cannot be read");
        Should.Throw<StartupException>(() => Load([], ("JOIN_KEY_FILE", _temp.Combine("empty")))["JOIN_KEY"]).Message.ShouldContain("is empty");
    }

    [Theory]
    [InlineData("environment")]
    [InlineData("file")]
    [InlineData("flag")]
    public void Secret_FileOfAnySource_IsRead(string source)
    {
        File.WriteAllText(_temp.Combine("password"), "s3cret");
        File.WriteAllText(_temp.Combine("env"), source == "file" ? $"JOIN_KEY_FILE={_temp.Combine("password")}" : "");

        Load(
            source == "flag" ? ["--join-key-file", _temp.Combine("password")] : [],
            ("JOIN_KEY_FILE", source == "environment" ? _temp.Combine("password") : ""), ("IOT_ENV_FILE", _temp.Combine("env")))["JOIN_KEY"].ShouldBe("s3cret");
    }

    /// <summary>Whose file has rules of its own.</summary>
    [Fact]
    public void Secret_OfAnotherSetting_IsNotRead()
    {
        File.WriteAllText(_temp.Combine("password"), "s3cret");

        Load([], ("STEP_CA_PASSWORD_FILE", _temp.Combine("password")))["STEP_CA_PASSWORD"].ShouldBeNull();
    }

    private static IConfiguration Load(string[] args, params (string Name, string Value)[] environment) =>
        PlatformConfiguration.Load(args, Names, Secrets, environment.ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal));
}
