using System.Net.Sockets;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

internal static class LedgerErrors
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    public static ProblemException Overloaded() => new(503, "overloaded", "Too many certificates are waiting to be stored.", RetryAfter);

    public static ProblemException ShuttingDown() => new(503, "shutting_down", "This server is shutting down.", RetryAfter);

    public static ProblemException Unavailable(Exception cause) => new(503, "database_unavailable", "The certificate store is not available.", RetryAfter, cause);

    /// <summary>The database is away, shutting down, out of room or too slow, as opposed to refusing a row.</summary>
    public static bool IsOutage(Exception e) => e switch
    {
        // 08 connection, 25006 read-only, 53 resources (disk full), 55P03 lock not available, 57 operator intervention, 58 system error.
        PostgresException p => p.SqlState is "25006" or "55P03" || p.SqlState[..2] is "08" or "53" or "57" or "58",
        NpgsqlException or SocketException or TimeoutException or OperationCanceledException or IOException => true,
        _ => false,
    };
}
