using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>
/// The one definition of a database outage: the server is away, refuses or ended the session, only reads, is out of room or too slow.
/// What is left is about the statement or the row, that is, a fault of ours or of the request.
/// </summary>
public static class DatabaseOutage
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AfterOperator = TimeSpan.FromMinutes(1);

    public static bool Is(Exception exception) => Find(exception) is not null;

    /// <summary>503 with Retry-After; null when neither the exception nor one inside it is an outage.</summary>
    public static ProblemException? Of(Exception exception) => Find(exception) switch
    {
        null => null,
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => StorageFull(exception),
        PostgresException e when IsFileAccess(e) => StorageReadOnly(exception),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => ReadOnly(exception),
        _ => Unavailable(exception),
    };

    internal static ProblemException Unavailable(Exception cause) => new(503, "database_unavailable", "The database does not answer at the moment.", Soon, cause);

    internal static ProblemException ReadOnly(Exception? cause) => new(503, "database_unavailable", "The database accepts no changes at the moment.", Soon, cause);

    internal static ProblemException StorageFull(Exception cause) => new(503, "storage_full", "The server has no storage left.", AfterOperator, cause);

    internal static ProblemException StorageReadOnly(Exception cause) => new(503, "storage_read_only", "The server's disk accepts no changes at the moment.", AfterOperator, cause);

    private static Exception? Find(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (IsOne(e))
            {
                return e;
            }
        }

        return null;
    }

    private static bool IsOne(Exception exception) => exception switch
    {
        // FATAL and PANIC end the session, or refuse to begin one, whatever the code.
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => true,
        // 08 connection, 40 deadlock and serialization, 53 resources, 55P03 lock not available, 57 operator intervention, 58 system error.
        PostgresException e => e.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.LockNotAvailable || e.SqlState[..2] is "08" or "40" or "53" or "57" or "58" || IsFileAccess(e),
        NpgsqlOperationInProgressException => false,
        NpgsqlException => true,
        // What Npgsql says of a connection that broke while nothing was under way on it.
        InvalidOperationException { Source: "Npgsql", Message: "Connection is not open" } => true,
        _ => false,
    };

    // PostgreSQL reports a file that may not be written (EROFS, EACCES) under the code of a missing privilege, which itself comes from aclchk.c or a command.
    private static bool IsFileAccess(PostgresException e) =>
        string.Equals(e.SqlState, PostgresErrorCodes.InsufficientPrivilege, StringComparison.Ordinal) && e.File is "fd.c" or "md.c" or "smgr.c" or "slru.c" or "xlog.c" or "copydir.c" or "relmapper.c";
}
