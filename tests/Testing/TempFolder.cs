namespace IoTPlatform.Testing;

/// <summary>A new empty folder, deleted with its content on dispose.</summary>
public sealed class TempFolder : IDisposable
{
    private const string Prefix = "iot-test-";

    public TempFolder()
        : this(Directory.CreateTempSubdirectory(Prefix))
    {
    }

    /// <param name="below">Where it is to be; the usual place where that is not there.</param>
    public TempFolder(string below)
        : this(Directory.Exists(below) ? Directory.CreateDirectory(System.IO.Path.Combine(below, Prefix + Guid.NewGuid().ToString("N")), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute) : Directory.CreateTempSubdirectory(Prefix))
    {
    }

    private TempFolder(DirectoryInfo folder)
    {
        Path = folder.FullName;
        Janitor.RemoveAfterUs(Path);

        // As root, a private PostgreSQL below this folder runs as another user, who has to pass through.
        File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Path { get; }

    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just ending still writes here; the janitor comes later.
        }
    }
}
