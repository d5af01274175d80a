using System.Net.Sockets;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Storage;

internal static class LedgerErrors
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    public static ProblemException Overloaded() => new(503, "overloaded", "Too many certificates are waiting to be stored.", RetryAfter);

    public static ProblemException ShuttingDown() => new(503, "shutting_down", "This server is shutting down.", RetryAfter);

    /// <summary>503; a full or read-only disk is named.</summary>
    public static ProblemException Unavailable(Exception cause) => DatabaseOutage.Of(cause) ?? new(503, "database_unavailable", "The certificate store is not available.", RetryAfter, cause);

    /// <summary>A database outage, or the ledger's own deadline, as opposed to a refused row.</summary>
    public static bool IsOutage(Exception e) => DatabaseOutage.Is(e) || e is SocketException or TimeoutException or OperationCanceledException or IOException;
}
