using System.Net;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Reasons only: tokens, requests and keys are never written.</summary>
internal static partial class StepCaLog
{
    [LoggerMessage(10, LogLevel.Information, "{Path} refused with {Status} to {Remote}: {Reason}")]
    public static partial void Refused(ILogger log, string path, int status, IPAddress? remote, string reason);

    [LoggerMessage(12, LogLevel.Warning, "requests are answered {Status} {Code}: {Detail}")]
    public static partial void Unavailable(ILogger log, int status, string code, string detail);

    [LoggerMessage(11, LogLevel.Error, "{Path} failed, trace {TraceId}")]
    public static partial void Failed(ILogger log, string path, string traceId, Exception error);
}
