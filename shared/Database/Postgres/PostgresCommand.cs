using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.Database;

/// <summary>Command lines that run PostgreSQL's programs as the right user, away from the terminal and its Ctrl-C.</summary>
internal static class PostgresCommand
{
    private const string SocketPort = "5432";

    /// <summary>initdb's own children are not notified of its end, but they inherit the lock: it is free when none of them runs any more.</summary>
    public static ProcessStartInfo InitDb(PostgresFolder folder, PostgresBinaries binaries, string target, bool durable)
    {
        var start = AsServerUser(folder, "KILL", ["flock", "--nonblock", "--no-fork", folder.InitLock, binaries.InitDb, "-D", target, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        if (!durable)
        {
            start.ArgumentList.Add("--no-sync");
        }

        return start;
    }

    public static ProcessStartInfo Server(PostgresFolder folder, PostgresBinaries binaries, bool durable)
    {
        // SIGINT is PostgreSQL's "fast shutdown": when this process dies, the server checkpoints and goes.
        var start = AsServerUser(folder, "INT", [binaries.Postgres, "-D", folder.Data, "-k", folder.Socket, "-p", SocketPort]);
        foreach (var setting in Settings(folder, durable))
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(setting);
        }

        return start;
    }

    /// <summary>Reads the file as this process's user. Owners and privileges are made anew: the dump may name roles that are not here.</summary>
    public static ProcessStartInfo Restore(PostgresFolder folder, PostgresBinaries binaries, string role, string database, string file) => new(binaries.Restore,
    [
        "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--role", role, "--host", folder.Socket, "--port", SocketPort, "--username", "postgres", "--dbname", database, file,
    ])
    {
        WorkingDirectory = "/",
        UseShellExecute = false,
        RedirectStandardError = true,
        RedirectStandardOutput = true,
        RedirectStandardInput = true,
    };

    /// <summary>How much is logged between two checkpoints: a twentieth of the disk, for there are small ones; never so much that a start after a crash reads for long.</summary>
    /// <param name="disk">Its size, bytes.</param>
    public static long LogMegabytes(long disk) => Math.Clamp(disk / 20 / (1024 * 1024), 256, 2048);

    private static IEnumerable<string> Settings(PostgresFolder folder, bool durable)
    {
        yield return "listen_addresses=";
        yield return "unix_socket_permissions=0700";
        yield return durable ? "shared_buffers=128MB" : "shared_buffers=32MB";
        yield return durable ? "max_connections=120" : "max_connections=300";
        yield return durable ? "fsync=on" : "fsync=off";
        yield return durable ? "synchronous_commit=on" : "synchronous_commit=off";
        yield return durable ? "full_page_writes=on" : "full_page_writes=off";
        if (durable)
        {
            // A page's first change after a checkpoint is logged whole: of large indexes, more of the log than all else.
            yield return "checkpoint_timeout=15min";
            yield return string.Create(CultureInfo.InvariantCulture, $"max_wal_size={LogMegabytes(new DriveInfo(folder.Path).TotalSize)}MB");
        }

        yield return "max_parallel_workers_per_gather=0"; // containers often have a tiny /dev/shm
        yield return "jit=off";
        yield return "client_connection_check_interval=2s"; // a caller that gave up ends its query, too
        yield return "timezone=UTC";
        yield return "log_timezone=UTC";
        yield return "lc_messages=C";
        yield return "logging_collector=on";
        yield return $"log_directory={folder.Log}";
        yield return "log_filename=postgres-%a.log"; // one file per weekday, a week back
        yield return "log_truncate_on_rotation=on";
        yield return "log_rotation_age=1d";
        yield return "log_rotation_size=0";
        yield return "log_parameter_max_length=0"; // parameters may hold personal data and hashes
        yield return "log_parameter_max_length_on_error=0";
    }

    /// <param name="folder">Whose user runs it.</param>
    /// <param name="deathSignal">What the program gets when this process ends.</param>
    /// <param name="command">The program and its arguments.</param>
    private static ProcessStartInfo AsServerUser(PostgresFolder folder, string deathSignal, IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = "/", UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["LC_ALL"] = "C.UTF-8";
        string[] user = folder.Account is { } account ? ["--reuid", account.Name, "--regid", account.Name, "--clear-groups"] : [];
        foreach (var argument in (IEnumerable<string>)["setpriv", .. user, "--pdeathsig", deathSignal, "--", .. UnlessOrphaned(), .. command])
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    // A host killed before the death signal was set sends none: then its child has another parent by now, and must not begin.
    private static string[] UnlessOrphaned() =>
        ["sh", "-c", """[ "$PPID" = "$0" ] && exec "$@" """.TrimEnd(), Environment.ProcessId.ToString(CultureInfo.InvariantCulture)];
}
