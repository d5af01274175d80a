using System.Text.Json;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>The demo's folder. It is emptied for every run, so it must be empty or carry the demo's mark; one demo at a time.</summary>
internal sealed class DemoFolder : IDisposable
{
    private const string Mark = ".iot-demo";
    private const string Kept = ".iot-demo-kept.json";
    // The private database may run as another user, which has to get through.
    private const UnixFileMode Traversable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private readonly FileStream _claim;

    private DemoFolder(string path, FileStream claim)
    {
        Path = path;
        _claim = claim;
    }

    public string Path { get; }

    public static DemoFolder Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(full, Traversable);
            if (Directory.EnumerateFileSystemEntries(full).Any() && !File.Exists(System.IO.Path.Combine(full, Mark)))
            {
                throw CliException.Failed("not_a_demo_folder", $"{full} is not empty and was not made by the demo, which would delete everything in it; choose another folder with --data");
            }

            return new DemoFolder(full, new FileStream(System.IO.Path.Combine(full, Mark), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e.HResult == 11)
        {
            throw CliException.Failed("demo_is_running", $"another demo is running in {full}; wait for it, or choose another folder with --data");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Failed("folder", $"cannot use the demo folder {full}: {e.Message}; choose another one with --data");
        }
    }

    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public string Create(params string[] parts)
    {
        var folder = Combine(parts);
        Directory.CreateDirectory(folder, Traversable);
        return folder;
    }

    /// <summary>Everything but the mark, which is locked.</summary>
    public void Clear()
    {
        foreach (var entry in new DirectoryInfo(Path).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null } folder)
            {
                folder.Delete(recursive: true);
            }
            else if (entry.Name != Mark)
            {
                entry.Delete();
            }
        }
    }

    /// <param name="processes">In the order of their start.</param>
    public void RememberKept(IEnumerable<ProcessMark> processes) =>
        AtomicFile.WriteText(Combine(Kept), JsonSerializer.Serialize(processes.ToArray(), Json.Options) + "\n", AtomicFile.Public);

    /// <summary>Ends what an earlier --keep left, the last first, one after the other: a broker needs its port mapper until it has ended. Answers how many processes were still there.</summary>
    public async Task<int> StopKeptAsync()
    {
        if (!File.Exists(Combine(Kept)))
        {
            return 0;
        }

        var processes = JsonSerializer.Deserialize<ProcessMark[]>(await File.ReadAllTextAsync(Combine(Kept)), Json.Options) ?? [];
        var ended = 0;
        foreach (var process in Enumerable.Reverse(processes))
        {
            ended += await process.StopAsync(TimeSpan.FromSeconds(20)) ? 1 : 0;
        }

        File.Delete(Combine(Kept));
        return ended;
    }

    public void Dispose() => _claim.Dispose();
}
