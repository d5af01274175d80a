using System.Text;
using IoTPlatform.Hosting.Processes;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Hosting;

/// <summary>A host's own folder, mode 0700, held by one process at a time (a lock on <c>.lock</c>). Dispose to let go.</summary>
public sealed class DataFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;

    private DataFolder(string path, FileStream taken)
    {
        Path = path;
        _lock = taken;
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Creates the folder if needed and locks it. Throws <see cref="StartupException"/> when it is not ours, not writable or already in use.</summary>
    public static DataFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            var owner = UnixOwner.Of(path);
            if (owner != Posix.EffectiveUserId)
            {
                throw new StartupException($"The data folder {path} belongs to another user (uid {owner}). Run as that user, or choose another folder (IOT_DATA).");
            }

            // The folder holds secrets: only its owner may list and read it, also if it existed before. A group's execute permission is kept.
            File.SetUnixFileMode(path, (File.GetUnixFileMode(path) & UnixFileMode.GroupExecute) | OwnerOnly);
            var taken = FileLock.Take(System.IO.Path.Combine(path, ".lock"))
                ?? throw new StartupException($"The data folder {path} is in use by another process. Stop that one, or choose another folder (IOT_DATA).");
            AtomicFile.DeleteLeftovers(path);
            return new DataFolder(path, taken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The data folder {path} cannot be used: {Reason(e)}", inner: e);
        }
    }

    /// <summary>Where a host keeps its data when nothing is configured: <c>/var/lib/iotplatform/{name}</c> for root, else under XDG_DATA_HOME.</summary>
    public static string DefaultPath(string name) => System.IO.Path.Combine(
        Posix.EffectiveUserId == 0 ? "/var/lib" : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "iotplatform",
        name);

    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Mode 0600, atomic and durable.</summary>
    public void WriteSecret(string name, ReadOnlySpan<byte> content) => AtomicFile.Write(Combine(name), content, AtomicFile.Secret);

    /// <summary>Mode 0644, atomic and durable.</summary>
    public void WritePublic(string name, ReadOnlySpan<byte> content) => AtomicFile.Write(Combine(name), content, AtomicFile.Public);

    public byte[]? TryRead(string name)
    {
        try
        {
            return File.ReadAllBytes(Combine(name));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The trimmed text of a secret file; made by <paramref name="create"/> on first use.</summary>
    public string ReadOrCreateSecret(string name, Func<string> create)
    {
        if (TryRead(name) is { } existing && Encoding.UTF8.GetString(existing).Trim() is { Length: > 0 } secret)
        {
            return secret;
        }

        var created = create();
        WriteSecret(name, Encoding.UTF8.GetBytes(created + "\n"));
        return created;
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Lets the user of the private database server pass through to its own folder, not list or read this one.</summary>
    public void AllowPassage(UnixAccount account)
    {
        Posix.ChangeOwner(Path, user: null, account.GroupId);
        File.SetUnixFileMode(Path, OwnerOnly | UnixFileMode.GroupExecute);
    }

    private static string Reason(Exception e) => FileProblem.Describe(e) ?? e.Message;
}
