using System.Text.Json;
using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>How an exception looks to an operator: an exit code, a stable code, one line.</summary>
internal sealed record Failure(int ExitCode, string Code, string Message)
{
    public static Failure Interrupted { get; } = new(Iot.ExitCode.Interrupted, "interrupted", "interrupted");

    public static Failure Of(Exception exception) => exception switch
    {
        CliException e => new(e.ExitCode, e.Code, e.Message),
        ApiException e => new(OfStatus(e.Status), e.Code, Explain(e)),
        UnreachableException e => new(Iot.ExitCode.Unreachable, "unreachable", Explain(e)),
        AgentException e => new(Iot.ExitCode.Failed, "agent", e.Message),
        PkiException e => new(Iot.ExitCode.Failed, SnakeCase.Of(e.Error), e.Message),
        StartupException e => new(Iot.ExitCode.Failed, "refused", e.Message),
        UnauthorizedAccessException e => new(Iot.ExitCode.Failed, "access_denied", e.Message),
        IOException e => new(Iot.ExitCode.Failed, "io", e.Message),
        FormatException e => new(Iot.ExitCode.Usage, "usage", e.Message),
        OperationCanceledException => Interrupted,
        _ => new(Iot.ExitCode.Fault, "fault", $"this is a bug in iot, please report it: {exception}"),
    };

    public void Write(TextWriter output, TextWriter error, bool json)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(new { error = new { Code, Message, ExitCode } }, Json.Options));
        }

        error.WriteLine($"error: {Message}");
    }

    private static int OfStatus(int status) => status switch
    {
        401 or 403 => Iot.ExitCode.NotAuthorised,
        404 => Iot.ExitCode.NotFound,
        _ => Iot.ExitCode.Failed,
    };

    private static string Explain(ApiException e)
    {
        var wait = e.RetryAfter is { } after ? $"; try again in {after.TotalSeconds:0} s" : "";
        return $"{e.Message.TrimEnd('.')} ({e.Code}){wait}";
    }

    private static string Explain(UnreachableException e) => e.Reason switch
    {
        UnreachableReason.Connection or UnreachableReason.TimedOut => $"{e.Message}; is it running? give its address with --url",
        UnreachableReason.Untrusted => $"{e.Message}; check --url, and --fingerprint or --root of the platform's root certificate",
        _ => $"{e.Message}; check --url",
    };
}

/// <summary>A failure whose message names the cause and the remedy for the operator.</summary>
internal sealed class CliException(int exitCode, string code, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>snake_case, for programs.</summary>
    public string Code { get; } = code;

    public static CliException Usage(string message) => new(Iot.ExitCode.Usage, "usage", message);

    public static CliException Failed(string code, string message) => new(Iot.ExitCode.Failed, code, message);
}

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
