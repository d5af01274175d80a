using IoTPlatform.Hosting.Processes;

namespace IoTPlatform.Hosting;

/// <summary>Makes the data folder once, with a crash at any point leaving either nothing or all of it.</summary>
internal static class PostgresCluster
{
    public static async Task EnsureAsync(PostgresFolder folder, PostgresBinaries binaries, bool durable, ParentThread parent, CancellationToken cancellationToken)
    {
        if (folder.Exists)
        {
            return;
        }

        var unfinished = folder.Data + ".new";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        using var initdb = await ChildProcess.StartAsync(PostgresCommand.InitDb(folder, binaries, unfinished, durable), parent);
        try
        {
            await initdb.Exited.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Posix.Signal(initdb.Id, Posix.Kill);
            throw;
        }

        if (initdb.ExitCode != 0)
        {
            throw new StartupException($"PostgreSQL could not make its data folder {folder.Data}: {(DiskIsFull(folder.Path) ? "the disk is full. Free some space, then start again." : initdb.LastError())}");
        }

        Directory.Move(unfinished, folder.Data);
    }

    // On a full disk initdb may not even get its own message out.
    private static bool DiskIsFull(string path) => new DriveInfo(path).AvailableFreeSpace < 1024 * 1024;
}
