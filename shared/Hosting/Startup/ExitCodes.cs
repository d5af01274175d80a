namespace IoTPlatform.Hosting;

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
