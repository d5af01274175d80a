namespace IoTPlatform.Hosting.Processes;

/// <summary>An advisory lock (flock) that the kernel drops when its process ends, however it ends.</summary>
public static class FileLock
{
    /// <summary>Null if another process holds it.</summary>
    public static FileStream? Take(string path)
    {
        // .NET takes flock(LOCK_EX) for FileShare.None and does not pass the descriptor on to children.
        try
        {
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        }
        catch (IOException e) when (e.GetType() == typeof(IOException) && (e.HResult & 0xffff) == 11) // EWOULDBLOCK
        {
            return null;
        }
    }
}
