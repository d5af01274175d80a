using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;

namespace IoTPlatform.Database;

/// <summary>The folder of a private server: <c>data</c>, <c>log</c>, the socket and a lock, owned by the user that runs the server.</summary>
internal sealed class PostgresFolder : IDisposable
{
    private const int LongestSocketFolder = 107 - 15; // sun_path less "/.s.PGSQL.5432" and its zero
    private const string SharedSocketPrefix = "/tmp/iot-pg-";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;

    private PostgresFolder(string path, UnixAccount? account, FileStream taken)
    {
        Path = path;
        Account = account;
        _lock = taken;
        Data = System.IO.Path.Combine(path, "data");
        Log = System.IO.Path.Combine(path, "log");
        InitLock = System.IO.Path.Combine(path, ".initdb.lock");
        Socket = System.IO.Path.Combine(path, "socket");
    }

    public string Path { get; }

    /// <summary>Who runs the server; null: we ourselves.</summary>
    public UnixAccount? Account { get; }

    public string Data { get; }

    public string Log { get; }

    /// <summary>Held by initdb and whatever it started.</summary>
    public string InitLock { get; }

    public string Socket { get; private set; }

    public bool Exists => File.Exists(System.IO.Path.Combine(Data, "PG_VERSION"));

    public int? Version => Exists && int.TryParse(File.ReadAllText(System.IO.Path.Combine(Data, "PG_VERSION")).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;

    public static PostgresFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        var account = RunningAccount();
        Directory.CreateDirectory(path, OwnerOnly);
        var folder = new PostgresFolder(path, account, FileLock.Take(System.IO.Path.Combine(path, ".lock"))
            ?? throw new StartupException($"The database in {path} is in use by another process."));
        try
        {
            folder.Own(path);
            folder.CheckReachable();
            folder.CreateOwned(folder.Log);
            folder.PlaceSocket();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public void CreateOwned(string path)
    {
        Directory.CreateDirectory(path, OwnerOnly);
        Own(path);
    }

    /// <summary>Null while an initdb of an earlier run, or a child of it, still works.</summary>
    public FileStream? TryLockInit()
    {
        var taken = FileLock.Take(InitLock);
        if (taken is not null)
        {
            Own(InitLock);
        }

        return taken;
    }

    public void Dispose()
    {
        if (Socket.StartsWith(SharedSocketPrefix, StringComparison.Ordinal) && Directory.Exists(Socket) && !Directory.EnumerateFileSystemEntries(Socket).Any())
        {
            Directory.Delete(Socket);
        }

        _lock.Dispose();
    }

    /// <summary>PostgreSQL refuses root: as root it runs as the user its package made.</summary>
    public static UnixAccount? RunningAccount() => Posix.EffectiveUserId != 0
        ? null
        : UnixAccount.Find("postgres") ?? throw new StartupException("PostgreSQL does not run as root and there is no user postgres. Create it (useradd --system postgres), or run this program as an ordinary user.");

    private void Own(string path)
    {
        if (Account is not null)
        {
            Posix.ChangeOwner(path, Account.UserId, Account.GroupId);
        }
    }

    private void CheckReachable()
    {
        if (Account is null || CanEnter(Account, Path))
        {
            return;
        }

        var parents = new Stack<string>();
        for (var parent = System.IO.Path.GetDirectoryName(Path); parent is not null; parent = System.IO.Path.GetDirectoryName(parent))
        {
            parents.Push(parent);
        }

        var blocked = parents.FirstOrDefault(p => !CanEnter(Account, p)) ?? Path;
        throw new StartupException($"The database server runs as user {Account.Name}, who may not enter {blocked}, so it cannot use {Path}. Choose a data folder elsewhere (for example below /var/lib), or allow it: chmod o+x {blocked}");
    }

    private static bool CanEnter(UnixAccount account, string path)
    {
        using var test = Process.Start(new ProcessStartInfo("setpriv", ["--reuid", account.Name, "--regid", account.Name, "--clear-groups", "test", "-x", path]) { WorkingDirectory = "/", UseShellExecute = false })!;
        test.WaitForExit();
        return test.ExitCode == 0;
    }

    private void PlaceSocket()
    {
        // A socket path is at most 107 bytes, and commas, quotes or blanks mean something in a list of hosts.
        if (Encoding.UTF8.GetByteCount(Socket) <= LongestSocketFolder && Socket.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_'))
        {
            CreateOwned(Socket);
            return;
        }

        Socket = SharedSocketPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path)).AsSpan(0, 8));
        var user = Account?.UserId ?? Posix.EffectiveUserId;
        if (!Directory.Exists(Socket))
        {
            CreateOwned(Socket);
        }

        // In /tmp another user could have created it first; chmod fails or the link check detects it.
        if (new DirectoryInfo(Socket).LinkTarget is not null || UnixOwner.Of(Socket) != user || File.GetUnixFileMode(Socket) != OwnerOnly)
        {
            throw new StartupException($"{Socket} belongs to somebody else or is open to others. Remove it, or choose a data folder with a shorter path.");
        }
    }
}
