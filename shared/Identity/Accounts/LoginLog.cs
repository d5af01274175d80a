using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity;

internal static partial class LoginLog
{
    [LoggerMessage(20, LogLevel.Warning, "login as {Username} from {Address} failed; locked: {Locked}")]
    public static partial void Failed(ILogger logger, string username, string address, bool locked);
}
