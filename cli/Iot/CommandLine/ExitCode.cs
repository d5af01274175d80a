namespace IoTPlatform.Iot;

/// <summary>What the exit code of <c>iot</c> says; documented in docs/cli.md and in <c>iot --help</c>.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The server refused, or a check did not hold.</summary>
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>No connection, no answer in time, or a server that is not the one we trust.</summary>
    public const int Unreachable = 3;
    public const int NotFound = 4;
    public const int NotAuthorised = 5;

    /// <summary>A bug in this program (sysexits EX_SOFTWARE).</summary>
    public const int Fault = 70;
    public const int Interrupted = 130;
}
