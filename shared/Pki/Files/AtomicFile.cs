namespace IoTPlatform.Pki.Files;

/// <summary>Replaces a file so that a reader, or a crash, sees the old content or the new one, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Owner may read and write (0600).</summary>
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Everybody may read (0644).</summary>
    public const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Temporary file in the same folder, fsync, rename, fsync of the folder. Throws IOException or UnauthorizedAccessException.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode) => throw new NotImplementedException();

    public static void WriteText(string path, string content, UnixFileMode mode) => throw new NotImplementedException();
}
