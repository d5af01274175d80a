namespace IoTPlatform.Hosting;

/// <summary>A start that cannot succeed until an operator changes something. The message is for that operator: what, where, what to do. Never a secret.</summary>
public sealed class StartupException : Exception
{
    public StartupException(string message, int exitCode = ExitCodes.Refused, Exception? inner = null) : base(message, inner) => ExitCode = exitCode;

    public int ExitCode { get; }
}
