using System.Text;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData(AtomicFile.Secret)]
    [InlineData(AtomicFile.Public)]
    [InlineData(UnixFileMode.UserRead)]
    public void Write_NewFile_HasContentAndExactlyTheMode(UnixFileMode mode)
    {
        var path = _folder.Combine("file");

        AtomicFile.Write(path, "content"u8, mode);

        File.ReadAllText(path).ShouldBe("content");
        File.GetUnixFileMode(path).ShouldBe(mode);
    }

    [Fact]
    public void DeleteLeftovers_OfKilledWriters_LeavesEverythingElse()
    {
        Directory.CreateDirectory(_folder.Combine("certs"));
        string[] kept = [".lock", "key", ".key.tmp", ".key.0123456789ABCDEF.tmp", "key.0123456789abcdef.tmp"];
        foreach (var name in kept.Append(".key.0123456789abcdef.tmp").Append("certs/.root_ca.crt.0123456789abcdef.tmp"))
        {
            File.WriteAllText(_folder.Combine(name), "x");
        }

        AtomicFile.DeleteLeftovers(_folder.Path);

        Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName).ShouldBe(kept, ignoreOrder: true);
    }

    [Fact]
    public void Write_ExistingFileOfWiderMode_TakesTheNewMode()
    {
        var path = _folder.Combine("file");
        File.WriteAllText(path, "old");
        File.SetUnixFileMode(path, AtomicFile.Public);

        AtomicFile.WriteText(path, "new", AtomicFile.Secret);

        File.ReadAllBytes(path).ShouldBe("new"u8.ToArray());
        File.GetUnixFileMode(path).ShouldBe(AtomicFile.Secret);
    }

    [Fact]
    public void Write_ReaderWithTheOldFileOpen_KeepsTheWholeOldContent()
    {
        var path = _folder.Combine("file");
        AtomicFile.WriteText(path, "old content", AtomicFile.Secret);
        using var reader = new StreamReader(path);

        AtomicFile.WriteText(path, "new", AtomicFile.Secret);

        reader.ReadToEnd().ShouldBe("old content");
        File.ReadAllText(path).ShouldBe("new");
    }

    [Fact]
    public void Write_TargetIsASymbolicLink_ReplacesTheLinkAndNotWhatItPointsTo()
    {
        var victim = _folder.Combine("victim");
        var path = _folder.Combine("file");
        File.WriteAllText(victim, "untouched");
        File.CreateSymbolicLink(path, victim);

        AtomicFile.WriteText(path, "secret", AtomicFile.Secret);

        File.ReadAllText(victim).ShouldBe("untouched");
        new FileInfo(path).LinkTarget.ShouldBeNull();
    }

    [Fact]
    public void Write_Success_LeavesNothingElse()
    {
        AtomicFile.WriteText(_folder.Combine("file"), "a", AtomicFile.Secret);
        AtomicFile.WriteText(_folder.Combine("file"), "b", AtomicFile.Secret);

        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([_folder.Combine("file")]);
    }

    [Fact]
    public void Write_RenameFails_ThrowsAndLeavesNothingElse()
    {
        Directory.CreateDirectory(_folder.Combine("folder"));

        Should.Throw<Exception>(() => AtomicFile.WriteText(_folder.Combine("folder"), "x", AtomicFile.Secret)).ShouldBeAssignableTo<SystemException>();

        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([_folder.Combine("folder")]);
    }

    [Fact]
    public void Write_FolderMissing_Throws() =>
        Should.Throw<DirectoryNotFoundException>(() => AtomicFile.WriteText(_folder.Combine("missing", "file"), "x", AtomicFile.Secret));

    [SkippableFact]
    public void Write_DeviceFull_ThrowsAndTheOldFileStays()
    {
        // A process size limit makes every write beyond it fail as on a full disk; in a child process, to not affect other tests.
        var shell = Requires.Tool("bash");
        var path = _folder.Combine("file");
        AtomicFile.WriteText(path, "old", AtomicFile.Secret);
        var child = FileWriterProcess.Arguments(path, bytes: 1_000_000);

        var result = Tools.RunAsync(shell, ["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "bash", .. child]).GetAwaiter().GetResult();

        result.ExitCode.ShouldBe(FileWriterProcess.IoFailed, result.Error);
        File.ReadAllText(path).ShouldBe("old");
        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([path]);
    }

    [SkippableFact]
    public async Task Write_KilledAgainAndAgain_LeavesAWholeFile()
    {
        Requires.Tool("kill");
        var path = _folder.Combine("file");
        for (var round = 0; round < 5; round++)
        {
            var arguments = FileWriterProcess.Arguments(path, bytes: 300_000, forever: true);
            await using var writer = ProcessUnderTest.Start(arguments[0], arguments[1..]);
            await writer.WaitForLineAsync("writing " + ((round * 7) + 3));
            await writer.KillAsync();

            var content = File.ReadAllBytes(path);
            content.Length.ShouldBe(300_000);
            content.ShouldAllBe(b => b == content[0]);
            File.GetUnixFileMode(path).ShouldBe(AtomicFile.Secret);
        }
    }

    [Fact]
    public void Delete_ThereOrNot_IsGone()
    {
        var path = _folder.Combine("file");
        AtomicFile.Write(path, Encoding.ASCII.GetBytes("x"), AtomicFile.Secret);

        AtomicFile.Delete(path);
        AtomicFile.Delete(path);

        File.Exists(path).ShouldBeFalse();
    }

    public void Dispose() => _folder.Dispose();
}
