using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Database;

/// <summary>Makes the data folder once, with a crash at any point leaving either nothing or all of it.</summary>
internal static class PostgresCluster
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task EnsureAsync(
        PostgresFolder folder, PostgresBinaries binaries, bool durable, ParentThread parent, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        if (folder.Exists)
        {
            return;
        }

        await WaitForEarlierAsync(folder, logger, time, cancellationToken);
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
            throw new StartupException($"PostgreSQL could not make its data folder {folder.Data}: {PostgresDisk.Problem(folder) ?? initdb.LastError()}");
        }

        Directory.Move(unfinished, folder.Data);
    }

    // The initdb of a killed host is killed with it, but its children may still write into the unfinished folder.
    private static async Task WaitForEarlierAsync(PostgresFolder folder, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var said = false;
        while (true)
        {
            using (var taken = folder.TryLockInit())
            {
                if (taken is not null)
                {
                    return; // free again for the initdb that follows; the folder's own lock keeps other hosts away
                }
            }

            if (!said)
            {
                PostgresLog.WaitingForInitDb(logger, folder.Path, Patience.TotalSeconds);
                said = true;
            }

            if (time.GetElapsedTime(began) > Patience)
            {
                throw new StartupException($"An initdb of an earlier run still works in {folder.Path}. End it (it holds {folder.InitLock}), then start again.");
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }
}
