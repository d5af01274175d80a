using IoTPlatform.Hosting.Processes;

namespace IoTPlatform.Database;

/// <summary>Names the disk as the reason when a private server could not start or be made.</summary>
internal static class PostgresDisk
{
    /// <summary>A WAL segment: without space for one, PostgreSQL stops. Its own message is then a late consequence, such as "checkpoint request failed".</summary>
    private const long Segment = 16 * 1024 * 1024;

    /// <summary>Null when the disk is not the problem.</summary>
    public static string? Problem(PostgresFolder folder)
    {
        if (!IsWritable(folder))
        {
            return $"the disk of {folder.Path} is read-only. Make it writable (dmesg tells why it is not), then start again.";
        }

        var free = new DriveInfo(folder.Path).AvailableFreeSpace;
        return free < Segment || (free < 4 * Segment && PostgresServerLog.LastRun(folder.Log).Contains("No space left on device", StringComparison.Ordinal))
            ? $"the disk is full: {free / 1024} KiB are left for {folder.Path}. Free at least 64 MiB there, then start again."
            : null;
    }

    private static bool IsWritable(PostgresFolder folder)
    {
        try
        {
            Posix.ChangeOwner(folder.Path, user: null, group: null);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
