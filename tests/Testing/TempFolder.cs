namespace IoTPlatform.Testing;

/// <summary>A new empty folder, deleted with its content on dispose.</summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder()
    {
        Path = Directory.CreateTempSubdirectory("iot-test-").FullName;
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
