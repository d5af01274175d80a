using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Faults;

/// <summary>A real file system of a few megabytes at a given path, to be filled and freed. Needs root.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    public static async Task<SmallDisk> MountAsync(string path, int megabytes)
    {
        Requires.That(Environment.IsPrivilegedProcess, "mounting a small disk needs root");
        Directory.CreateDirectory(path);
        (await Tools.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m,mode=700", "tmpfs", path])).EnsureSuccess();
        return new SmallDisk(path);
    }

    /// <summary>An ext4 in a file, which can turn read-only under its users as a failing disk makes it.</summary>
    public static async Task<SmallDisk> MountLoopAsync(string path, int megabytes)
    {
        Requires.That(Environment.IsPrivilegedProcess, "mounting a small disk needs root");
        Requires.Tool("mkfs.ext4");
        Directory.CreateDirectory(path);
        var image = path.TrimEnd('/') + ".image";
        (await Tools.RunAsync("truncate", ["-s", $"{megabytes}M", image])).EnsureSuccess();
        (await Tools.RunAsync("mkfs.ext4", ["-q", "-F", image])).EnsureSuccess();
        Requires.That((await Tools.RunAsync("mount", ["-o", "loop", image, path])).ExitCode == 0, "loop devices cannot be mounted here");
        return new SmallDisk(path);
    }

    /// <summary>What the kernel does with a disk that reports errors.</summary>
    public async Task FailAsync() => (await Tools.RunAsync("mount", ["-o", "remount,abort", _path])).EnsureSuccess();

    public void Fill()
    {
        using var ballast = new FileStream(Path.Combine(_path, "ballast"), FileMode.Append);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                ballast.Write(block);
                ballast.Flush();
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    public void Free() => File.Delete(Path.Combine(_path, "ballast"));

    public async ValueTask DisposeAsync() => (await Tools.RunAsync("umount", ["-l", _path])).EnsureSuccess();
}
