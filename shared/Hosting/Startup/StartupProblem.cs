using System.Net.Sockets;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Connections;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Turns what the machine refuses (ports, disks, passwords, databases) into a line for the operator.</summary>
internal static class StartupProblem
{
    /// <summary>Null when the exception is none of the usual ones, that is: a fault of the program.</summary>
    public static (string Message, int ExitCode)? Describe(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (DescribeOne(e) is { } known)
            {
                return known;
            }
        }

        return null;
    }

    private static (string Message, int ExitCode)? DescribeOne(Exception exception) => exception switch
    {
        StartupException e => (e.Message, e.ExitCode),
        PkiException { Error: PkiError.WrongPassword or PkiError.KeyMissing or PkiError.KeyNotProtected or PkiError.KeyMismatch } e => (e.Message, ExitCodes.Refused),
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => ("The database's disk is full. Free some space, then start again.", ExitCodes.Refused),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => ("The database accepts no changes (a standby, or default_transaction_read_only). Connect to the primary (IOT_DATABASE), then start again.", ExitCodes.Refused),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e =>
            ($"The database refuses: {e.MessageText}. The platform's role must own its schemas; an upgrade of the audit log needs a grant (docs/operations.md).", ExitCodes.Refused),
        PostgresException e when DatabaseOutage.Is(e) => ($"The database refuses: {e.MessageText}", ExitCodes.Refused),
        NpgsqlException e when DatabaseOutage.Is(e) => ($"The database does not answer: {e.GetBaseException().Message}", ExitCodes.Refused),
        IOException { InnerException: AddressInUseException } e => ($"{e.Message.TrimEnd('.')}. Stop the program that uses the port, or choose another one (IOT_LISTEN).", ExitCodes.Refused),
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => ("The port is in use. Stop the program that uses it, or choose another one (IOT_LISTEN).", ExitCodes.Refused),
        SocketException { SocketErrorCode: SocketError.AccessDenied } => ("No permission to listen on that port; ports below 1024 need root. Choose another one (IOT_LISTEN).", ExitCodes.Refused),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => ("This machine does not have the address to listen on. Correct IOT_LISTEN.", ExitCodes.Refused),
        IOException or UnauthorizedAccessException when FileProblem.Describe(exception) is { } reason => ($"{exception.Message.TrimEnd('.')}: {reason}", ExitCodes.Refused),
        _ => null,
    };
}
