using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Pki.Files;

/// <summary>Replaces a file so that a reader, or a crash, sees the old content or the new one, never a part.</summary>
public static class AtomicFile
{
    private const int RandomLength = 16;

    /// <summary>Owner may read and write (0600).</summary>
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Readable by all users (0644).</summary>
    public const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Temporary file in the same folder, fsync, rename, fsync of the folder. Throws IOException or UnauthorizedAccessException.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var target = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(target) ?? throw new IOException($"'{path}' is not a file path.");
        var temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{RandomNumberGenerator.GetHexString(RandomLength, lowercase: true)}.tmp");
        try
        {
            WriteThrough(temporary, content, mode);
            File.Move(temporary, target, overwrite: true);
        }
        catch (ArgumentOutOfRangeException e)
        {
            // How the BCL reports EFBIG: a quota or file size limit.
            File.Delete(temporary);
            throw new IOException($"'{target}' can't be written: the file size limit is reached.", e);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        DirectorySync.Flush(folder);
    }

    /// <summary>UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string content, UnixFileMode mode) => Write(path, Encoding.UTF8.GetBytes(content), mode);

    /// <summary>Deletes the file, when it is there, so that it stays deleted after a power cut.</summary>
    public static void Delete(string path)
    {
        var target = Path.GetFullPath(path);
        if (File.Exists(target))
        {
            File.Delete(target);
            DirectorySync.Flush(Path.GetDirectoryName(target)!);
        }
    }

    /// <summary>
    /// Deletes the temporary files of killed writers in this folder and three levels below. Only for a folder without other writers at
    /// that moment. Unreadable folders are skipped.
    /// </summary>
    public static void DeleteLeftovers(string folder)
    {
        var search = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var file in Directory.EnumerateFiles(folder, ".*.tmp", search).Where(IsTemporary))
        {
            File.Delete(file);
        }
    }

    private static bool IsTemporary(string path)
    {
        var parts = Path.GetFileName(path).Split('.');
        return parts.Length >= 4 && parts[^2].Length == RandomLength && parts[^2].All(char.IsAsciiHexDigitLower);
    }

    private static void WriteThrough(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Secret;
        }

        using var stream = new FileStream(path, options);
        stream.Write(content);
        if (!OperatingSystem.IsWindows() && mode != Secret)
        {
            // The create mode is cut by the umask; the caller's mode is meant exactly.
            File.SetUnixFileMode(stream.SafeFileHandle, mode);
        }

        stream.Flush(flushToDisk: true);
    }
}
