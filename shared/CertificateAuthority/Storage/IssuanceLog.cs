using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Storage;

internal static partial class IssuanceLog
{
    [LoggerMessage(1, LogLevel.Error, "{Count} certificates were signed but not stored, so they were not handed out: the database is not available ({Reason})")]
    public static partial void DatabaseUnavailable(ILogger log, int count, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Expired one-time tokens could not be cleared; trying again in an hour.")]
    public static partial void SweepFailed(ILogger log, Exception error);
}
