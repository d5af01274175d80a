using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

internal static partial class ServiceCertificateLog
{
    [LoggerMessage(20, LogLevel.Information, "The HTTPS certificate is {Serial}, valid until {NotAfter:u}")]
    public static partial void Renewed(ILogger log, string serial, DateTimeOffset notAfter);

    [LoggerMessage(21, LogLevel.Error, "The HTTPS certificate could not be renewed; the current one is valid until {NotAfter:u}. Trying again in a minute.")]
    public static partial void RenewalFailed(ILogger log, DateTimeOffset notAfter, Exception error);
}
