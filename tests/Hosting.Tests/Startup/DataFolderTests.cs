using System.Text;
using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Startup;

public sealed class DataFolderTests : IDisposable
{
    private static readonly TestProgram Child = new(typeof(DataFolderTests).Assembly);
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Open_NewFolder_IsClosedToOthers()
    {
        using var folder = DataFolder.Open(_temp.Combine("a", "b"));

        File.GetUnixFileMode(folder.Path).ShouldBe(OwnerOnly);
        folder.Combine("x", "y").ShouldBe(_temp.Combine("a", "b", "x", "y"));
    }

    [Fact]
    public void Open_FolderOpenToOthers_IsClosed()
    {
        Directory.CreateDirectory(_temp.Combine("a"), OwnerOnly | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

        using var folder = DataFolder.Open(_temp.Combine("a"));

        File.GetUnixFileMode(folder.Path).ShouldBe(OwnerOnly);
    }

    [Fact]
    public async Task Open_HeldByAnotherProcess_RefusedUntilThatIsKilled()
    {
        await using var holder = Child.Start("data-folder", _temp.Combine("a"));
        await holder.WaitForLineAsync("ready");

        Should.Throw<StartupException>(() => DataFolder.Open(_temp.Combine("a"))).Message.ShouldContain("in use by another process");

        await holder.KillAsync();
        DataFolder.Open(_temp.Combine("a")).Dispose();
    }

    [Fact]
    public void Open_HeldByOurselves_Refused()
    {
        using var first = DataFolder.Open(_temp.Combine("a"));

        Should.Throw<StartupException>(() => DataFolder.Open(_temp.Combine("a"))).Message.ShouldContain("in use");
    }

    [Fact]
    public void Open_FileInTheWay_SaysSo()
    {
        File.WriteAllText(_temp.Combine("a"), "");

        Should.Throw<StartupException>(() => DataFolder.Open(_temp.Combine("a"))).Message.ShouldContain("a file of that name is in the way");
    }

    [SkippableFact]
    public async Task Open_FolderOfAnotherUser_SaysSo()
    {
        Directory.CreateDirectory(_temp.Combine("a"));
        await using var nobody = await Child.StartAsNobodyAsync(_temp, "data-folder", _temp.Combine("a"));

        (await nobody.WaitForExitAsync()).ShouldBe(ExitCodes.Refused);
        (await nobody.WaitForLineAsync("error:")).ShouldContain("belongs to another user");
    }

    [SkippableFact]
    public async Task Open_ParentNotWritable_SaysSo()
    {
        await using var nobody = await Child.StartAsNobodyAsync(_temp, "data-folder", _temp.Combine("a"));

        (await nobody.WaitForExitAsync()).ShouldBe(ExitCodes.Refused);
        (await nobody.WaitForLineAsync("error:")).ShouldContain("permission denied");
    }

    [SkippableFact]
    public void Open_ReadOnlyFileSystem_SaysSo()
    {
        var readOnly = File.ReadLines("/proc/mounts").Select(l => l.Split(' ')).FirstOrDefault(m => m[3].Split(',').Contains("ro") && Directory.Exists(m[1]))?[1];
        Skip.If(readOnly is null, "no read-only file system is mounted");

        Should.Throw<StartupException>(() => DataFolder.Open(Path.Combine(readOnly, "iot-test"))).Message.ShouldContain("read-only");
    }

    [Fact]
    public void WriteSecret_File_IsForTheOwnerOnly()
    {
        using var folder = DataFolder.Open(_temp.Combine("a"));

        folder.WriteSecret("secret", "s"u8);
        folder.WritePublic("public", "p"u8);

        File.GetUnixFileMode(folder.Combine("secret")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(folder.Combine("public")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Encoding.UTF8.GetString(folder.TryRead("secret")!).ShouldBe("s");
        folder.TryRead("missing").ShouldBeNull();
    }

    [Fact]
    public void ReadOrCreateSecret_Twice_CreatesOnce()
    {
        using var folder = DataFolder.Open(_temp.Combine("a"));
        var made = 0;

        folder.ReadOrCreateSecret("password", () => $"secret {++made}").ShouldBe("secret 1");
        folder.ReadOrCreateSecret("password", () => $"secret {++made}").ShouldBe("secret 1");

        File.GetUnixFileMode(folder.Combine("password")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void ReadOrCreateSecret_EmptyFileOfACrash_IsMadeAgain()
    {
        using var folder = DataFolder.Open(_temp.Combine("a"));
        File.WriteAllText(folder.Combine("password"), "\n");

        folder.ReadOrCreateSecret("password", () => "made").ShouldBe("made");
    }
}
