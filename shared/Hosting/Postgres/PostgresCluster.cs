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
            throw new StartupException($"PostgreSQL could not make its data folder {folder.Data}: {initdb.LastError()}");
        }

        Directory.Move(unfinished, folder.Data);
    }
}
