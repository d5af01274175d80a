using System.Net.Sockets;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Connections;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>A start that cannot succeed until an operator changes something. The message is for that operator: what, where, what to do. Never a secret.</summary>
public sealed class StartupException : Exception
{
    public StartupException(string message, int exitCode = ExitCodes.Refused, Exception? inner = null) : base(message, inner) => ExitCode = exitCode;

    public int ExitCode { get; }
}

/// <summary>What a host's exit code says.</summary>
public static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The start was refused: configuration, folder, port, password, database. The reason is the last line on stderr.</summary>
    public const int Refused = 1;

    /// <summary>Unknown or incomplete command line.</summary>
    public const int Usage = 2;

    /// <summary>A fault of the program (sysexits EX_SOFTWARE); the trace is on stderr.</summary>
    public const int Fault = 70;

    /// <summary>Ended by a signal before its work was done.</summary>
    public const int Interrupted = 130;
}

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

/// <summary>Says in an operator's words why a file operation failed.</summary>
public static class FileProblem
{
    /// <summary>Null when the exception is none of the usual ones.</summary>
    public static string? Describe(Exception exception) => exception switch
    {
        UnauthorizedAccessException => "permission denied. Change its owner or mode, or choose another folder.",
        IOException io => (io.HResult & 0xffff) switch
        {
            28 => "the disk is full. Free some space, then start again.",
            122 => "the disk quota is used up. Free some space, then start again.",
            30 => "the file system is read-only.",
            20 or 17 => "a file of that name is in the way.",
            _ => null,
        },
        _ => null,
    };
}
