namespace IoTPlatform.Iot;

/// <summary>A failure whose message tells the operator what is wrong and what to do.</summary>
internal sealed class CliException(int exitCode, string code, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>snake_case, for programs.</summary>
    public string Code { get; } = code;

    public static CliException Usage(string message) => new(Iot.ExitCode.Usage, "usage", message);

    public static CliException Failed(string code, string message) => new(Iot.ExitCode.Failed, code, message);
}
